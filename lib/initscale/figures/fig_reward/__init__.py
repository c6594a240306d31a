"""fig_reward: what is left of a policy gradient towards the composed answer, against gamma."""

PROBES = ("reward",)
