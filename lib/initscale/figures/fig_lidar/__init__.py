"""fig_lidar: number of directions that tell the classes apart, and of all directions, against gamma."""

PROBES = ("lidar",)
