"""fig_attention: how sharp attention is and which operation a layer does, against gamma."""

PROBES = ("attention",)
