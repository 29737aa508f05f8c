"""The numbers of the widgets beside those of Python, in a real browser: core.js and lp.js."""

import numpy as np
import pytest

import common
import points
from common import Linear, Network, ReLU
from data.make_points import SEED2, SEED3, SET2, SET3, pinwheel
from pointfiles import read_points

SEEDS = range(100)


@pytest.fixture(scope="module")
def core(modules):
    """Return a page that holds the functions of core.js."""
    return modules("core")


@pytest.fixture(scope="module")
def lp(modules):
    """Return a page that holds the functions of lp.js."""
    return modules("lp")


def two_layers(rng, hidden, K):
    """Return Problem 3's network."""
    first = Linear(rng.randn(hidden, 2), rng.randn(hidden))
    second = Linear(rng.randn(K, hidden), rng.randn(K))
    return Network([first, ReLU(), second])


def test_the_random_numbers_of_a_seed_are_numpys_l02(core):
    draw = """seeds => seeds.map(seed => {
        const { normal, uniform } = randomState(seed);
        return [...Array(50)].map(normal).concat([uniform(-2, 5)], [...Array(9)].map(normal));
    })"""
    drawn = np.array(core.evaluate(draw, [*SEEDS, 2**32 - 1]))
    for row, seed in zip(drawn, [*SEEDS, 2**32 - 1], strict=True):
        rng = np.random.RandomState(seed)
        expected = np.concatenate([rng.randn(50), [rng.uniform(-2, 5)], rng.randn(9)])
        np.testing.assert_array_max_ulp(row, expected, maxulp=4)


def test_loss_accuracy_and_gradients_equal_those_of_common_l02(core):
    compute = """([hidden, seed, K, x, labels, factor]) => {
        const network = twoLayers(hidden, seed, K);
        for (const layer of network) for (const name of ["W", "b"])
            layer[name] = layer[name].map(value => factor * value);
        const { loss, accuracy, gradients } = lossAndGradients(network, x, labels);
        return [loss, accuracy, gradients.map(({ W, b }) => [Array.from(W), Array.from(b)])];
    }"""
    for seed in SEEDS:
        rng = np.random.RandomState(1000 + seed)
        hidden, K, N = rng.randint(1, 20), rng.randint(2, 6), rng.randint(1, 60)
        factor = rng.choice([0.0, 1.0, 30.0])  # zeros; the usual; logits in the thousands
        x, labels = rng.randn(N, 2), rng.randint(K, size=N)
        arguments = [int(hidden), seed, int(K), x.ravel().tolist(), labels.tolist(), float(factor)]
        loss, accuracy, gradients = core.evaluate(compute, arguments)
        network = two_layers(np.random.RandomState(seed), hidden, K)
        for parameter in network.parameters:
            parameter *= factor
        expected, by_common = network.loss_and_gradients(x, common.one_hot(labels, K))
        np.testing.assert_allclose(loss, expected, rtol=1e-12, atol=1e-300)
        assert accuracy == common.accuracy(network, x, labels)
        flat = [part for layer in gradients for part in layer]
        for here, there in zip(flat, by_common, strict=True):
            scale = max(1.0, np.abs(there).max())
            np.testing.assert_allclose(here, there.ravel(), rtol=1e-12, atol=1e-13 * scale)


def test_the_loss_after_2000_steps_equals_that_of_common_l02(core):
    x, labels = read_points("data/set3.csv")
    train = """([x, labels]) => [2, 8].map(hidden => {
        const network = twoLayers(hidden, 0, 3);
        for (let i = 0; i < 2000; i += 1) trainingStep(network, x, labels, 0.5);
        return lossAndGradients(network, x, labels).loss;
    })"""
    losses = core.evaluate(train, [x.ravel().tolist(), labels.tolist()])
    for loss, hidden in zip(losses, (2, 8), strict=True):
        network = two_layers(np.random.RandomState(0), hidden, 3)
        history = common.train(network, x, common.one_hot(labels, 3), learning_rate=0.5, steps=2000)
        np.testing.assert_allclose(loss, history.loss[-1], rtol=1e-9)


def test_a_network_that_is_right_and_sure_has_a_loss_that_is_small_and_not_noise_l02(core):
    compute = """logits => {
        const layer = linearLayer([0, 0, 0, 0], logits);
        return lossAndGradients([layer], [0, 0], [0]).loss;
    }"""
    for lead in (1.0, 30.0, 40.0, 700.0):
        loss, _ = common.kl_loss(np.array([[lead, 0.0]]), np.array([[1.0, 0.0]]))
        np.testing.assert_allclose(core.evaluate(compute, [lead, 0.0]), loss, rtol=1e-12)


def random_set(seed):
    """Return points of a kind that depends on the seed: separable or not, or hard to tell."""
    rng = np.random.RandomState(seed)
    kind = seed % 5
    if kind == 0:
        return pinwheel(rng, N=90, K=3, twist=rng.uniform(0.2, 2), spread=0.2)
    if kind == 1:  # whole numbers: many points on one line, some twice
        x = rng.randint(-2, 3, size=(rng.randint(4, 12), 2)) / 1.0
    elif kind == 2:  # few points
        x = rng.randn(rng.randint(2, 8), 2).round(1)
    elif kind == 3:  # far from the origin, of very different lengths
        x = rng.randn(30, 2) * [1e-3, 1e3] + [50, -7e4]
    else:
        x = rng.randn(60, 2).round(4)
    K = int(rng.randint(2, 5))
    if kind == 4 and seed % 2:  # separable by construction
        labels = (x @ rng.randn(K, 2).T + rng.randn(K)).argmax(axis=1)
    else:
        labels = rng.randint(K, size=len(x))
    labels[0] = K - 1
    return x, labels


SETS = {
    "set 2": pinwheel(np.random.RandomState(SEED2), **SET2),
    "set 3": pinwheel(np.random.RandomState(SEED3), **SET3),
    **{f"random {seed}": random_set(seed) for seed in range(100)},
}


def judged(lp, x, labels):
    """Return lp.js's answer."""
    judge = "([points, labels]) => separability(points, labels)"
    return lp.evaluate(judge, [x.tolist(), labels.tolist()])


def test_the_linear_programme_decides_counts_and_sums_as_pythons_does_l02(lp):
    verdicts = {True: 0, False: 0}
    for name, (x, labels) in SETS.items():
        answer = judged(lp, x, labels)
        verdict = points.separability(x, labels)
        assert answer["separable"] == verdict.separable, name
        verdicts[answer["separable"]] += 1
        left = ~np.array(answer["inTheWay"])
        assert left.all() == verdict.separable
        W, b = np.array(answer["W"]), np.array(answer["b"])
        proof = points.Separation(points.decimals(W), points.decimals(b))
        if left.any():
            assert points.proof_holds(x[left], labels[left], proof), (
                f"{name}: they separate the rest"
            )
        if (
            name.startswith("set") or int(name.split()[1]) % 5 == 0
        ):  # where only one W and b is best
            assert (~left).sum() == verdict.in_the_way.sum(), name
    assert min(verdicts.values()) > 20, verdicts


def test_the_programmes_objective_is_the_smallest_one_l02(lp):
    from scipy.optimize import linprog

    for name, (x, labels) in SETS.items():
        centred = x - x.mean(axis=0)
        z = np.column_stack(
            [centred / (np.abs(centred).max(axis=0) + (centred == 0).all()), np.ones(len(x))]
        )
        K = labels.max() + 1
        rows, slacks = [], []
        for n, label in enumerate(labels):
            for k in set(range(K)) - {label}:
                row = np.zeros((K, 3))
                row[label], row[k] = z[n], -z[n]
                rows.append(row.ravel())
                slacks.append(np.eye(len(x))[n])
        answer = linprog(
            np.repeat([0, 1], [3 * K, len(x)]),
            A_ub=-np.hstack([rows, slacks]),
            b_ub=-np.ones(len(rows)),
            bounds=[(None, None)] * (3 * K) + [(0, None)] * len(x),
        )
        here = judged(lp, x, labels)
        np.testing.assert_allclose(here["total"], answer.fun, rtol=1e-7, atol=1e-7, err_msg=name)


def test_a_certificate_holds_in_fractions_and_its_common_point_lies_in_both_classes(lp):
    drawn = 0
    for name, (x, labels) in SETS.items():
        proof = judged(lp, x, labels)["proof"]
        if proof is None:
            continue
        pairs = [(member["point"], member["rival"]) for member in proof["members"]]
        weights = exact_weights(x, labels, pairs)
        assert points.proof_holds(x, labels, points.Overlap(weights)), name
        for (pair, weight), member in zip(weights.items(), proof["members"], strict=True):
            assert np.isclose(float(weight), member["weight"], rtol=1e-9), (name, pair)
        if proof["classes"]:
            drawn += 1
            for k in proof["classes"]:
                own = [m for m in proof["members"] if labels[m["point"]] == k]
                parts = np.array([m["weight"] for m in own])
                mean = parts @ x[[m["point"] for m in own]] / parts.sum()
                np.testing.assert_allclose(mean, proof["common"], rtol=1e-9, atol=1e-9)
    assert drawn > 20


def exact_weights(x, labels, pairs):
    """Return the weights of these pairs whose sum of differences is 0, in fractions."""
    sympy = pytest.importorskip("sympy")
    K = labels.max() + 1
    columns = []
    for n, k in pairs:
        z = [sympy.Rational(str(points.decimals(x[n : n + 1])[0, d])) for d in range(2)] + [1]
        row = [0] * (3 * K)
        for d in range(3):
            row[3 * labels[n] + d] += z[d]
            row[3 * k + d] -= z[d]
        columns.append(row)
    (vector,) = sympy.Matrix(columns).T.nullspace()
    total = sum(vector)
    return {
        pair: points.Fraction(str(value / total)) for pair, value in zip(pairs, vector, strict=True)
    }


def test_many_classes_are_decided_without_endless_numbers(lp):
    """Elimination without division would double the digits at each of its 24 steps."""
    rng = np.random.RandomState(0)
    x = rng.randn(48, 2)
    labels = np.arange(48) % 8
    assert judged(lp, x, labels)["separable"] == points.separability(x, labels).separable


@pytest.mark.parametrize("gap", [1e-3, 1e-9, 1e-13, 0.0])
def test_a_narrow_gap_is_decided_rightly_or_not_at_all(lp, gap):
    x = np.array([[0, 1], [1, 1], [2, 1], [0, 1 - gap], [1, 1 - gap], [2, 1 - gap]])
    labels = np.array([0, 0, 0, 1, 1, 1])
    answer = judged(lp, x, labels)["separable"]
    assert answer in ({None, True} if gap else {False})
    if gap >= 1e-3:
        assert answer is True


@pytest.mark.parametrize("size", [1e-300, 5e307, 1.7e308])
def test_points_at_the_ends_of_floating_point_stop_nothing(lp, size):
    x = size * np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0]])
    labels = np.array([0, 1, 2])
    assert judged(lp, x, labels)["separable"] in (None, points.separability(x, labels).separable)


@pytest.mark.parametrize("labels", [[0], [0, 0, 0], [0, 2, 0], [2, 0, 2]])
def test_one_point_one_class_and_an_empty_class_are_decided(lp, labels):
    x = np.array([[0.0, 1.0], [1.0, 1.0], [0.0, 1.0]])[: len(labels)]
    expected = points.separability(x, np.array(labels)).separable
    assert judged(lp, x, np.array(labels))["separable"] == expected


def test_what_cannot_be_proven_here_is_not_claimed(lp):
    """Python's exact method separates these points; ours looks with floating-point numbers."""
    steps = [[3, -1], [-2, 1], [1, -1], [0, 0], [2, -1], [-1, 2], [2, -3], [1, 0]]
    x = 1 + 1e-15 * np.array(steps)
    labels = np.array([1, 0, 0, 0, 0, 1, 0, 1])
    assert points.separability(x, labels).separable is True
    assert judged(lp, x, labels)["separable"] in (None, True)


def test_a_tie_is_a_mistake_and_negative_weights_prove_nothing(lp):
    tie = "wrongPoints([[0, 1], [1, 0]], [0, 1], [[0, 0], [0, 0]], [0, 0])"
    assert lp.evaluate(tie) == [True, True]
    on_a_line = "[[0, 0], [1, 0], [2, 0]]"  # they can be separated: 2 z1 = z0 + z2
    pairs = "[{ point: 0, rival: 1 }, { point: 1, rival: 1 }, { point: 2, rival: 0 }]"
    assert lp.evaluate(f"exactWeights({on_a_line}, [0, 0, 1], 2, {pairs})") is None
