"""fig_sharpness: curvature where runs end, and how far their tangent kernel and output moved, against gamma."""

PROBES = ("sharpness",)
