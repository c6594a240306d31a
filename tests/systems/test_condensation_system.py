"""Condensation of small networks: gradients, scale of the start, directions; table and drawing."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from initscale.experiment.paths import Layout
from initscale.figures.fig_condensation import TABLES, drawing, table
from initscale.files.parts import split
from initscale.stages.simulate import simulate
from initscale.systems import condensation


@pytest.fixture
def options(smoke) -> dict:
    return smoke["systems"]["condensation"]


def test_gradients_are_the_derivatives_of_the_loss():
    draw = np.random.default_rng(0)
    w, a, x, y = (draw.standard_normal(shape) for shape in ((2, 3, 4), (2, 3), (2, 5, 4), (2, 5)))
    for place, gradient in enumerate(condensation.gradients(w, a, x, y)):
        for index in [(0, 0), (1, 2)]:
            values = []
            for step in (1e-5, -1e-5):
                weights = [w.copy(), a.copy()]
                weights[place][index] += step
                values.append(condensation.loss(*weights, x, y)[index[0]])
            assert (values[0] - values[1]) / 2e-5 == pytest.approx(gradient[index].sum(), rel=1e-5)


def test_the_start_has_the_std_of_its_gamma_and_one_direction_for_all_gammas(options):
    rows = condensation.simulate(options | {"steps": 1, "rate": 1e-30}).to_pandas()
    for gamma, some in rows.groupby("gamma"):
        assert some["value"].std() == pytest.approx(50**-gamma, rel=0.1)
    large, small = (rows.loc[rows["gamma"] == gamma, "value"].to_numpy() for gamma in (0.5, 2.0))
    np.testing.assert_allclose(small, large * 50**-1.5)


def test_a_small_start_condenses_in_two_directions_and_a_large_one_does_not(smoke, tmp_path):
    config = smoke | {"results": str(tmp_path)}
    simulate("condensation", config["systems"]["condensation"], Layout(config).system("condensation"))
    made = table.table(config)
    assert {name: part.num_rows for name, part in split(made, TABLES).items()} == {"runs": 4, "neurons": 200}
    rows = made.to_pandas()
    runs = rows[rows["kind"] == "run"].set_index(["gamma", "seed"])
    assert set(runs.loc[2.0, "groups"]) == {2}
    assert (runs.loc[2.0, "pair_share"] > 0.95).all()
    assert (runs.loc[0.5, "groups"] > 20).all()
    neurons = rows[(rows["kind"] == "neuron") & (rows["gamma"] == 2.0)]
    assert len(neurons) == 100
    assert (neurons["along"].abs() > 0.9).all()
    assert neurons["along"].min() < -0.9
    (figure,) = drawing.draw(made.select(list(drawing.NEEDS)), smoke["figures"]["style"]).values()
    directions, _, large, small = figure.axes
    np.testing.assert_allclose(directions.lines[0].get_ydata()[-1], 2)
    assert large.get_title("left") == r"(c) neurons, $\gamma$ = 0.5"
    assert np.abs(small.lines[0].get_xdata()).min() > 0.9
    plt.close("all")
