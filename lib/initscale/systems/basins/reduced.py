"""The two-parameter model of arXiv 2406.03072: a one-layer transformer whose weights all lie along one direction.

With ``e`` the scale of the embedding (tied to the output) and ``w`` that of the feed-forward layer, the logit of the
next bit behind the bit x is ``x * slope - e**2 / 2 + b``, ``slope = e**2 * (1 + 2 w |w|)``. Gradient flow keeps the
bias b at its optimum here, so the loss depends on the slope alone, and

    energy(e, w) = e**2 - w**2 - sign(w) log|w|

is constant along the flow (divide de/dt by dw/dt). At e = 0 the model ignores the bit before. All points there are
stationary; SADDLE is where those that attract meet those that repel.
"""

from __future__ import annotations

import numpy as np

from initscale.systems.basins.chain import Chain

SADDLE = (0.0, -1 / np.sqrt(2))
SADDLE_ENERGY = -(1 + np.log(2)) / 2
_LARGE, _TINY = 20.0, 1e-300
_LOOK_EVERY = 100
_AT_REST = 1e-12


def slope_of(e: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Difference of the logits behind a one and behind a zero."""
    return e**2 * (1 + 2 * w * np.abs(w))


def energy(e: np.ndarray, w: np.ndarray) -> np.ndarray:
    """What the flow conserves; w is not zero."""
    return e**2 - w**2 - np.sign(w) * np.log(np.abs(w))


def ends_badly(chain: Chain, e: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Whether the flow from (e, w), neither of them zero, ends at e = 0: the closed form.

    In a sticky chain (p + q < 1) the slope must grow, and the flow raises w. Below w = -1/sqrt(2) that shrinks e; such
    a start is lost unless its energy is above the saddle's, so that it crosses that line before e is 0. A switching
    chain needs a negative slope and lowers w. Starts with w > 0 cannot cross w = 0 and are lost; those between need
    the energy to cross the line.
    """
    low = energy(e, w) < SADDLE_ENERGY
    below = w < SADDLE[1]
    return (w > 0) | (~below & low) if chain.switching else below & low


def optimal_bias(chain: Chain, slope: np.ndarray) -> np.ndarray:
    """Logit behind a zero at which the loss is least.

    The condition is that ones are predicted as often as they occur. For the mean m of the two logits it is a quadratic
    equation in exp(m), whose solution is m = log(ones / zeros) / 2 - arsinh((zeros - ones) exp(-slope / 2) / (2 root)).
    """
    ones, zeros = chain.ones, 1 - chain.ones
    root = np.sqrt(ones * zeros)
    with np.errstate(divide="ignore"):  # ones = zeros
        logarithm = np.log(abs(zeros - ones) / (2 * root)) - slope / 2
    large = logarithm > _LARGE  # where exp may overflow, arsinh(x) is log(2 x)
    arsinh = np.where(large, logarithm + np.log(2), np.arcsinh(np.exp(np.minimum(logarithm, _LARGE))))
    return np.log(ones / zeros) / 2 - np.sign(zeros - ones) * arsinh - slope / 2


def loss_at(chain: Chain, e: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Cross-entropy of the next bit, in nats, under the stationary law and at the optimal bias."""
    slope = slope_of(e, w)
    zero = optimal_bias(chain, slope)
    one = zero + slope
    behind_zero = np.logaddexp(0, zero) - chain.p * zero
    behind_one = np.logaddexp(0, one) - (1 - chain.q) * one
    return (1 - chain.ones) * behind_zero + chain.ones * behind_one


def loss_derivatives(chain: Chain, slope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and second derivative of the loss with respect to the slope, the bias following at its optimum."""
    zero = optimal_bias(chain, slope)
    one = _sigmoid(zero + slope)
    curved_zero = (1 - chain.ones) * _sigmoid(zero) * _sigmoid(-zero)
    curved_one = chain.ones * one * _sigmoid(-zero - slope)
    return chain.ones * (one - (1 - chain.q)), curved_zero * curved_one / (curved_zero + curved_one + _TINY)


def gradient(chain: Chain, e: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Derivatives of ``loss_at`` with respect to e and w."""
    first, _ = loss_derivatives(chain, slope_of(e, w))
    return first * 2 * e * (1 + 2 * w * np.abs(w)), first * 4 * e**2 * np.abs(w)


def follow_flow(
    chain: Chain, e: np.ndarray, w: np.ndarray, *, steps: int, step_size: float
) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the gradient flow from every start, by Euler steps.

    Time is rescaled at every point, which changes no path: a step is at most ``step_size`` long, changes the slope by
    at most this share of it (or of 1), and is at most this share of the inverse of a bound on the curvature. So steep
    valleys are stable and small starts leave in time. Starts that have come to rest are not followed on.

    Returns
    -------
    e and w of the ends.
    """
    e, w = e.copy(), w.copy()
    moving = np.arange(len(e))
    for step in range(steps):
        de, dw, length = _step(chain, e[moving], w[moving], step_size)
        e[moving] -= length * de
        w[moving] -= length * dw
        if step % _LOOK_EVERY == _LOOK_EVERY - 1:
            moving = moving[length * np.hypot(de, dw) > _AT_REST]
    return e, w


def _step(chain: Chain, e: np.ndarray, w: np.ndarray, step_size: float):
    """Gradient and step length at each point."""
    factor, size = 1 + 2 * w * np.abs(w), np.abs(w)
    along_e, along_w = 2 * e * factor, 4 * e**2 * size
    steepness, slope = np.hypot(along_e, along_w), e**2 * factor
    first, second = loss_derivatives(chain, slope)
    curvature = second * steepness**2 + np.abs(first) * (2 * np.abs(factor) + 8 * np.abs(e) * size + 4 * e**2)
    longest = np.abs(first) * steepness * (1 + steepness / np.maximum(1, np.abs(slope)))
    return first * along_e, first * along_w, step_size / (longest + curvature + _TINY)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return np.exp(-np.logaddexp(0, -x))
