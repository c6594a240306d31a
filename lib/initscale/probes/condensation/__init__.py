"""Condensation of W_Q in layer 1: do its output neurons point in a few common directions? (Figs 5a,b and 10)"""
