"""fig_measures: every score of every probe against gamma, and against the answer among runs of equal gamma."""
