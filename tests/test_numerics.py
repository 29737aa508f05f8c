"""List G: gradients, losses and Problem 1's numbers, against independent witnesses."""

import itertools
import json
import math
import subprocess
import sys
import threading

import mpmath
import numpy as np
import pytest
import sympy
from conftest import ROOT, witness
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from threadpoolctl import threadpool_info, threadpool_limits

import common
from common import (
    Linear,
    Network,
    ReLU,
    accuracy,
    in_blocks,
    kl_loss,
    numerical_gradient,
    one_hot,
    softmax,
    train,
)
from pointfiles import read_points
from results import Results, write_json


def network(rng, sizes, dtype=np.float64):
    layers = []
    for D, M in itertools.pairwise(sizes):
        layers += [Linear(rng.randn(M, D).astype(dtype), rng.randn(M).astype(dtype)), ReLU()]
    return Network(layers[:-1])


def soft_targets(rng, N, K):
    return rng.dirichlet(np.ones(K), N)


def close(a, b, rtol=1e-7):
    assert np.abs(a - b).max() <= rtol * max(np.abs(b).max(), 1e-3)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 3, 2), (5, 4, 3), (17, 2, 6)])
@pytest.mark.parametrize("seed", range(3))
def test_the_linear_layers_gradients_equal_central_differences_g01(shape, seed):
    N, D, M = shape
    rng = np.random.RandomState(seed)
    layer = Linear(rng.randn(M, D), rng.randn(M))
    x = rng.randn(N, D)
    dout = rng.randn(N, M)

    def total():
        return (layer.forward(x) * dout).sum()

    dW, db = layer.gradients(x, dout)
    close(dW, numerical_gradient(total, layer.W))
    close(db, numerical_gradient(total, layer.b))
    close(layer.backward(x, dout), numerical_gradient(total, x))


def test_the_relus_gradient_equals_central_differences_g01():
    rng = np.random.RandomState(0)
    x = rng.randn(6, 5)
    dout = rng.randn(6, 5)
    x[np.abs(x) < 0.01] = 0.5
    close(ReLU().backward(x, dout), numerical_gradient(lambda: (ReLU().forward(x) * dout).sum(), x))
    assert ReLU().backward(np.zeros((1, 2)), np.ones((1, 2))).tolist() == [[0, 0]]


@pytest.mark.parametrize("N", [1, 2, 9])
def test_the_losss_gradient_equals_central_differences_g01(N):
    rng = np.random.RandomState(N)
    logits = rng.randn(N, 4)
    targets = soft_targets(rng, N, 4)
    close(
        kl_loss(logits, targets)[1], numerical_gradient(lambda: kl_loss(logits, targets)[0], logits)
    )


@pytest.mark.parametrize("sizes", [(2, 3), (3, 5, 2), (4, 6, 5, 3)])
def test_a_networks_gradients_equal_central_differences_g01(sizes):
    rng = np.random.RandomState(3)
    net = network(rng, sizes)
    x = rng.randn(11, sizes[0])
    targets = soft_targets(rng, 11, sizes[-1])
    _, gradients = net.loss_and_gradients(x, targets)
    for parameter, gradient in zip(net.parameters, gradients, strict=True):
        close(
            gradient,
            numerical_gradient(lambda: net.loss_and_gradients(x, targets)[0], parameter),
            1e-6,
        )


def test_numerical_gradient_restores_what_it_changes():
    v = np.array([1.0, 2.0])
    close(numerical_gradient(lambda: float(v @ v), v), np.array([2.0, 4.0]))
    assert v.tolist() == [1.0, 2.0]


def test_the_kl_loss_by_hand():
    loss, dlogits = kl_loss(np.log([[0.5, 0.25, 0.25]]), np.array([[0.0, 1.0, 0.0]]))
    assert math.isclose(loss, math.log(4)) and np.allclose(dlogits, [[0.5, -0.75, 0.25]])
    assert math.isclose(
        kl_loss(np.zeros((3, 10)), one_hot(np.array([1, 2, 3]), 10))[0], math.log(10)
    )
    assert abs(kl_loss(np.log([[0.2, 0.8]]), np.array([[0.2, 0.8]]))[0]) < 1e-15


logit_arrays = hnp.arrays(
    np.float64, st.tuples(st.integers(1, 6), st.integers(2, 6)), elements=st.floats(-1e4, 1e4)
)


@settings(max_examples=500, deadline=None)
@given(
    logits=logit_arrays, seed=st.integers(0, 1000), hard=st.booleans(), shift=st.floats(-1e4, 1e4)
)
def test_extreme_logits_give_finite_losses_g02(logits, seed, hard, shift):
    rng = np.random.RandomState(seed)
    N, K = logits.shape
    targets = one_hot(rng.randint(K, size=N), K) if hard else soft_targets(rng, N, K)
    loss, dlogits = kl_loss(logits, targets)
    assert math.isfinite(loss) and loss >= -1e-12 and np.isfinite(dlogits).all()
    moved, _ = kl_loss(logits + shift, targets)
    assert math.isclose(moved, loss, rel_tol=1e-9, abs_tol=1e-9)
    q = softmax(logits)
    assert (
        np.isfinite(q).all()
        and np.allclose(q.sum(axis=1), 1)
        and np.allclose(dlogits.sum(axis=1), 0, atol=1e-12)
    )


@pytest.mark.parametrize("sizes", [(5, 4), (5, 7, 4), (3, 8, 6, 5)])
def test_gradients_equal_pytorchs_g03(sizes):
    torch = witness("torch")
    rng = np.random.RandomState(1)
    net = network(rng, sizes)
    x = rng.randn(13, sizes[0])
    targets = soft_targets(rng, 13, sizes[-1])
    loss, gradients = net.loss_and_gradients(x, targets)
    tensors = [torch.tensor(p, requires_grad=True) for p in net.parameters]
    values = torch.tensor(x)
    for i in range(0, len(tensors), 2):
        values = values if i == 0 else torch.relu(values)
        values = values @ tensors[i].T + tensors[i + 1]
    theirs = torch.nn.functional.kl_div(
        values.log_softmax(1), torch.tensor(targets), reduction="batchmean"
    )
    theirs.backward()
    assert abs(loss - theirs.item()) < 1e-10
    for gradient, tensor in zip(gradients, tensors, strict=True):
        assert np.abs(gradient - tensor.grad.numpy()).max() < 1e-10


def test_training_equals_pytorchs_nesterov():
    torch = witness("torch")
    rng = np.random.RandomState(2)
    net = network(rng, (3, 6, 4))
    x = rng.randn(20, 3)
    labels = rng.randint(4, size=20)
    tensors = [torch.tensor(p.copy(), requires_grad=True) for p in net.parameters]
    optimiser = torch.optim.SGD(tensors, lr=0.1, momentum=0.9, nesterov=True)
    for _ in range(25):
        optimiser.zero_grad()
        hidden = torch.relu(torch.tensor(x) @ tensors[0].T + tensors[1])
        torch.nn.functional.cross_entropy(
            hidden @ tensors[2].T + tensors[3], torch.tensor(labels)
        ).backward()
        optimiser.step()
    train(net, x, one_hot(labels, 4), learning_rate=0.1, momentum=0.9, steps=25)
    for parameter, tensor in zip(net.parameters, tensors, strict=True):
        assert np.abs(parameter - tensor.detach().numpy()).max() < 1e-10


def test_the_converged_loss_equals_scikit_learns():
    from sklearn.linear_model import LogisticRegression

    x, labels = read_points(ROOT / "data/set3.csv")
    net = Network([Linear(np.zeros((3, 2)), np.zeros(3))])
    history = train(net, x, one_hot(labels, 3), learning_rate=0.5, steps=20000, tolerance=1e-6)
    theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10000).fit(x, labels)
    assert history.stopped == "tolerance"
    assert (
        abs(history.loss[-1] - kl_loss(theirs.decision_function(x), one_hot(labels, 3))[0]) < 1e-6
    )
    assert accuracy(net, x, labels) == theirs.score(x, labels) == 0.85


RECORDED = """
import hashlib, numpy as np
from common import *
from pointfiles import read_points
x, labels = read_points("data/set3.csv")
rng = np.random.RandomState(0)
first = Linear(rng.randn(8, 2), rng.randn(8))
net = Network([first, ReLU(), Linear(rng.randn(3, 8), rng.randn(3))])
train(net, x, one_hot(labels, 3), learning_rate=0.5, steps=300, batch_size=40, rng=rng)
print(hashlib.sha256(b"".join(p.tobytes() for p in net.parameters)).hexdigest())
"""


def test_a_recorded_run_repeats_bit_for_bit_g04():
    def record(blas_threads):
        env = {"OPENBLAS_NUM_THREADS": blas_threads, "PATH": "/usr/bin:/bin"}
        done = subprocess.run(
            [sys.executable, "-c", RECORDED],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    assert record("1") == record("1") == record("2"), "training limits BLAS itself"


def notebook_functions(name):
    """Execute the cells of a notebook that only define functions."""
    cells = json.loads((ROOT / name).read_text())["cells"]
    space = {}
    exec("import numpy as np\nfrom types import SimpleNamespace", space)
    for cell in cells:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code" and source.startswith("def "):
            exec(source, space)
    return space


def test_problem1s_derivatives_equal_sympys_g05():
    w1, w2, x1, x2 = symbols = sympy.symbols("w1 w2 x1 x2")
    f = 1 / (1 + sympy.exp(-(w1 * x1 + w2 * x2))) + (w1**2 + w2**2) / 2
    space = notebook_functions("problem1_compgraph.ipynb")
    for point in [(0.3, -0.5, 0.2, 0.4), *np.random.RandomState(0).randn(5, 4).tolist()]:
        exact = [
            float(f.diff(s).subs(dict(zip(symbols, point, strict=True))).evalf(30)) for s in symbols
        ]
        graph_values = space["forward"](*point)
        graph = space["backward"](graph_values)
        assert np.allclose([graph.w1, graph.w2, graph.x1, graph.x2], exact, rtol=1e-13, atol=1e-15)
        formula = space["derivatives"](*point, space["sigmoid_slope"](graph_values.z))
        assert np.allclose(formula, exact, rtol=1e-13, atol=1e-15)


def test_problem1s_path_equals_mpmaths_g05():
    space = notebook_functions("problem1_compgraph.ipynb")
    with mpmath.workdps(40):
        w = mpmath.matrix(["0.3", "-0.5"])
        x = mpmath.matrix(["0.2", "0.4"])
        ours = [0.3, -0.5]
        for _ in range(30):
            e = mpmath.exp(-(w.T * x)[0])
            w -= mpmath.mpf("0.01") * (x * (e / (1 + e) ** 2) + w)
            g = space["backward"](space["forward"](*ours, 0.2, 0.4))
            ours = [ours[0] - 0.01 * g.w1, ours[1] - 0.01 * g.w2]
        assert abs(ours[0] - w[0]) < 1e-14 and abs(ours[1] - w[1]) < 1e-14
        assert (
            mpmath.nstr(w[0], 8, strip_zeros=False) == "0.20894800"
            and mpmath.nstr(w[1], 8) == "-0.3957744"
        )


def test_the_templates_are_right_on_6310_of_10000_g06(mnist):
    averages = [mnist.x_train[mnist.labels_train == k].mean(axis=0) for k in range(10)]
    right = np.array(
        [
            Network([Linear(np.array(averages), np.zeros(10))]).predict(mnist.x_test)
            == mnist.labels_test
        ]
    )
    assert right.sum() == 6310


def test_blocks_and_dtype_change_the_gradient_by_rounding_only_g07():
    rng = np.random.RandomState(0)
    pixels = rng.randint(0, 256, (1000, 60)).astype(np.uint8)
    targets = soft_targets(rng, 1000, 10)
    W = rng.randn(10, 60)
    b = rng.randn(10)
    whole = Network([Linear(W, b)]).loss_and_gradients(pixels / 255, targets)
    for size in (1, 7, 256, 4096):
        for dtype, rounding in ((np.float64, 1e-13), (np.float32, 2e-6)):
            net = Network([Linear(W.astype(dtype), b.astype(dtype))])
            loss, gradients = in_blocks(net, pixels, targets.astype(dtype), size)
            assert abs(loss - whole[0]) < rounding * 10
            for ours, theirs in zip(gradients, whole[1], strict=True):
                assert ours.dtype == dtype and np.abs(ours - theirs).max() < rounding
            assert np.allclose(net.logits(pixels), pixels / 255 @ W.T + b, atol=1e-4)
    assert pixels.dtype == np.uint8


def test_training_leaves_the_callers_arrays_alone():
    rng = np.random.RandomState(0)
    W = rng.randn(3, 2)
    b = rng.randn(3)
    x = rng.randn(9, 2)
    targets = soft_targets(rng, 9, 3)
    kept = [a.copy() for a in (W, b, x, targets)]
    train(Network([Linear(W, b)]), x, targets, learning_rate=0.1, steps=5, momentum=0.9)
    for now, before in zip((W, b, x, targets), kept, strict=True):
        assert np.array_equal(now, before)


def test_training_in_two_calls_with_the_same_velocities_is_training_in_one():
    rng = np.random.RandomState(0)
    x = rng.randn(30, 2)
    targets = soft_targets(rng, 30, 3)
    once, twice = (Network([Linear(np.zeros((3, 2)), np.zeros(3))]) for _ in range(2))
    options = {"learning_rate": 0.5, "momentum": 0.9}
    train(once, x, targets, steps=10, **options)
    velocities = [np.zeros_like(p) for p in twice.parameters]
    for steps in (4, 6):
        train(twice, x, targets, steps=steps, velocities=velocities, **options)
    assert velocities[0].any() and np.allclose(once.layers[0].W, twice.layers[0].W, rtol=1e-12)


def test_training_stops_and_says_why():
    rng = np.random.RandomState(0)
    x = rng.randn(30, 2)
    targets = soft_targets(rng, 30, 3)

    def fresh():
        return Network([Linear(np.zeros((3, 2)), np.zeros(3))])

    history = train(fresh(), x, targets, learning_rate=0.5, steps=10)
    assert history.stopped == "steps" and len(history.loss) == 11 and history.gradient == []
    history = train(fresh(), x, targets, learning_rate=0.5, steps=10000, tolerance=1e-4)
    assert history.stopped == "tolerance" and history.gradient[-1] <= 1e-4 < history.gradient[-2]
    with (
        np.errstate(all="ignore"),
        pytest.raises(FloatingPointError, match="smaller learning rate"),
    ):
        train(fresh(), x * 1e200, targets, learning_rate=1e200, steps=10)
    with pytest.raises(ValueError, match="batch_size"):
        train(fresh(), x, targets, learning_rate=0.5, steps=10, batch_size=31, rng=rng)


def test_mini_batches_take_each_example_once_per_epoch():
    rows = common.row_batches(10, 5, np.random.RandomState(0))
    first, second = (np.sort(np.concatenate([next(rows), next(rows)])) for _ in range(2))
    assert first.tolist() == second.tolist() == list(range(10))


def test_results_are_strict_json_b12(tmp_path):
    path = tmp_path / "deep/r.json"
    write_json(
        path, {"a": np.float32(0.5), "b": {"c": np.arange(2)}, "d": np.bool_(True), "e": None}
    )
    assert json.loads(path.read_text()) == {"a": 0.5, "b": {"c": [0, 1]}, "d": True, "e": None}
    before = path.read_bytes()
    for bad, key in (
        ({"x": {"y": math.nan}}, "x.y"),
        ({"z": [1.0, np.inf]}, "z[1]"),
        ({"q": np.float32("-inf")}, "q"),
    ):
        with pytest.raises(ValueError, match=key.replace("[", r"\[")):
            write_json(path, bad)
    with pytest.raises(TypeError):
        write_json(path, {"x": object()})
    assert path.read_bytes() == before and [p.name for p in path.parent.iterdir()] == ["r.json"]


def test_a_layer_may_stand_in_two_places_g01():
    rng = np.random.RandomState(0)
    relu = ReLU()
    net = Network([relu, Linear(rng.randn(3, 4), rng.randn(3)), relu])
    x = rng.randn(7, 4)
    targets = soft_targets(rng, 7, 3)

    def loss():
        return net.loss_and_gradients(x, targets)[0]

    _, gradients = net.loss_and_gradients(x, targets)
    for parameter, gradient in zip(net.parameters, gradients, strict=True):
        close(gradient, numerical_gradient(loss, parameter), 1e-6)


@pytest.mark.parametrize("shape", [(1, 3), (5, 1), (5,), (4, 3)])
def test_targets_of_another_shape_are_refused_g02(shape):
    with pytest.raises(ValueError, match="targets of the shape of the logits"):
        kl_loss(np.zeros((5, 3)), np.ones(shape))


def test_threads_change_no_bit_g07(monkeypatch):
    rng = np.random.RandomState(0)
    x = rng.randint(256, size=(500, 6)).astype(np.uint8)
    targets = one_hot(rng.randint(3, size=500), 3)
    net = network(rng, (6, 4, 3))
    found = []
    for threads in ("1", "2", "5", ""):
        monkeypatch.setenv("THREADS", threads)
        loss, gradients = in_blocks(net, x, targets, size=16)
        found.append((loss, *(g.tobytes() for g in gradients), net.logits(x).tobytes()))
    assert all(one == found[0] for one in found)


def test_blocks_are_computed_side_by_side_with_one_blas_thread_each(monkeypatch):
    """Under plain papermill and in JupyterLab, no environment variable asks for it."""
    seen = []

    def look(rows):
        pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
        limits = [pool["num_threads"] for pool in pools if "numpy" in pool["filepath"]]
        seen.append((threading.get_ident(), *limits))
        barrier.wait(timeout=20)  # fails unless two blocks are computed at the same time

    barrier = threading.Barrier(2)
    monkeypatch.setenv("THREADS", "2")
    with threadpool_limits(2, user_api="blas"):
        list(common.per_block(look, 4, size=1))
    assert len({thread for thread, *_ in seen}) == 2
    assert {limit for _, *limits in seen for limit in limits} == {1}


@pytest.mark.parametrize("given", ["auto", "0", "-1", "1.5"])
def test_a_wrong_number_of_threads_is_refused(monkeypatch, given):
    monkeypatch.setenv("THREADS", given)
    with pytest.raises(ValueError, match="THREADS should be a number of threads"):
        common.threads()


def test_measure_sees_the_network_before_each_update_and_at_the_end():
    rng = np.random.RandomState(0)
    x = rng.randn(20, 2)
    targets = soft_targets(rng, 20, 3)
    net = Network([Linear(np.zeros((3, 2)), np.zeros(3))])
    options = {"learning_rate": 0.5, "steps": 4}
    history = train(
        net, x, targets, measure=lambda: net.loss_and_gradients(x, targets)[0], **options
    )
    assert history.measured == history.loss and len(history.loss) == 5


def test_a_recorded_number_is_kept_as_it_was_and_may_be_recorded_again(tmp_path):
    results = Results()
    counts = np.array([1, 2])
    results.record(counts=counts, accuracy=0.5)
    counts[0] = 7
    results.record(accuracy=np.float32(0.25))
    with pytest.raises(ValueError, match="the result loss is nan"):
        results.record(loss=math.nan)
    with pytest.raises(TypeError, match="the result network is of type Linear"):
        results.record(network=Linear(np.eye(2), np.zeros(2)))
    with pytest.raises(TypeError, match="a key that is no text: 1"):
        results.record(counts={1: 2, "1": 3})
    with pytest.raises(ValueError, match="provenance is taken"):
        results.record(provenance={})
    results.write(tmp_path / "r.json", seed=3, sha256={"x": "hash"})
    written = json.loads((tmp_path / "r.json").read_text())
    assert written["counts"] == [1, 2] and written["accuracy"] == 0.25
    assert written["provenance"]["seed"] == 3 and written["provenance"]["sha256"] == {"x": "hash"}


# List X: common.py in other hands.

X = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.5]])
LABELS = np.array([2, 0, 1])


def small(dtype=np.float64):
    return Network([Linear(np.arange(6, dtype=dtype).reshape(3, 2), np.zeros(3, dtype))])


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (LABELS[:, None], r"shape \(N,\), found int64 in the shape \(3, 1\)"),
        (np.eye(3)[LABELS], r"found float64 in the shape \(3, 3\)"),
        (1, r"in the shape \(\)"),
        ([2, 0, -1], "labels from 0 to 2, found -1 to 2"),
        ([2, 0, 3], "labels from 0 to 2, found 0 to 3"),
        (LABELS.astype(float), "integers .* found float64"),
        ([2, 0, 0.5], "integers .* found float64"),
        ([2, 0, math.nan], "integers .* found float64"),
        ([2, 0, 1j], "integers .* found complex128"),
        (["2", "0", "1"], "integers .* found <U1"),
        ([None, 0, 1], "integers .* found object"),
    ],
)
def test_labels_that_are_no_class_of_each_example_are_refused_x05(labels, words):
    with pytest.raises(ValueError, match=words):
        one_hot(labels, 3)
    with pytest.raises(ValueError, match=words):
        accuracy(small(), X, labels)


@pytest.mark.parametrize("labels", [[1], LABELS[:2], [0, 1, 2, 0]])
def test_an_accuracy_needs_one_label_for_each_example_x05(labels):
    with pytest.raises(ValueError, match=f"found 3 examples and {len(labels)} labels"):
        accuracy(small(), X, labels)


@pytest.mark.parametrize(
    "labels",
    [
        LABELS.astype(np.uint8),
        LABELS.tolist(),
        tuple(LABELS),
        np.repeat(LABELS, 2)[::2],
        LABELS.astype(">i4"),
    ],
)
def test_labels_of_every_integer_type_count_alike_x05(labels):
    assert np.array_equal(one_hot(labels, 3), np.eye(3)[LABELS])
    assert accuracy(small(), X, labels) == accuracy(small(), X, LABELS) == 1 / 3


def test_labels_that_are_true_or_false_are_the_classes_1_and_0_x05():
    assert one_hot(np.array([True, False, True]), 2).tolist() == [[0, 1], [1, 0], [0, 1]]


@pytest.mark.parametrize("dtype", ["i8", "i1", "u1", "?", "f2", "f4", ">f8"])
def test_targets_of_every_type_give_the_same_loss_and_gradients_x05(dtype):
    targets = one_hot(LABELS, 3)
    loss, gradients = small().loss_and_gradients(X, targets)
    found, of_them = small().loss_and_gradients(X, targets.astype(dtype))
    assert found == loss
    assert all(np.array_equal(a, b) for a, b in zip(gradients, of_them, strict=True))
    assert kl_loss(X.tolist(), [[0, 1]] * 3)[0] == kl_loss(X, np.array([[0.0, 1]] * 3))[0]


@pytest.mark.parametrize(
    "targets",
    [
        2 * np.eye(3),
        np.full((3, 3), 1 / 2),
        np.zeros((3, 3)),
        np.full((3, 3), math.nan),
        np.array([[math.inf, 0, 0]] * 3),
        np.array([[1, 0, 0], [0, 1, 0], [0, 1, 1]]),
        np.array([[2, 0, 0], [0, 0, 0], [0, 0, 1]]),  # right together
        np.eye(3)[[0, 0, 1]].T,
        255 * np.eye(3, dtype=np.uint8),
        np.log(np.full((3, 3), 1 / 3)),
    ],
)
def test_targets_that_do_not_add_up_to_1_are_refused_x05(targets):
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="targets that add up to 1"):
        kl_loss(np.zeros((3, 3)), targets)
    words = "targets that add up to 1|expected a distribution"
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=words):
        train(small(), X, targets, learning_rate=0.1, steps=1)


def test_negative_targets_have_no_loss_and_are_not_trained_with_x05():
    with np.errstate(all="ignore"):
        assert math.isnan(kl_loss(np.zeros((3, 3)), [[2, -1, 0]] * 3)[0])
    with pytest.raises(ValueError, match="the least number -1"):
        train(small(), X, [[2, -1, 0]] * 3, learning_rate=0.1, steps=1)


@pytest.mark.parametrize(
    "number",
    [{"steps": -1}, {"learning_rate": 0}, {"momentum": 1}, {"momentum": -0.1}, {"tolerance": -1}]
    + [{name: math.nan} for name in ("learning_rate", "momentum", "tolerance")],
)
def test_training_refuses_numbers_that_make_no_sense_x05(number):
    numbers = {"learning_rate": 0.1, "steps": 1} | number
    with pytest.raises(ValueError, match="expected learning_rate > 0"):
        train(small(), X, one_hot(LABELS, 3), **numbers)


def test_bytes_are_pixels_for_training_and_refused_where_they_would_be_numbers_x05():
    with pytest.raises(ValueError, match="pass x / 255"):
        small().loss_and_gradients(X.astype(np.uint8), one_hot(LABELS, 3))
    with pytest.warns(PendingDeprecationWarning):
        matrix = np.matrix(X)  # whose * is another product
    _, expected = small().loss_and_gradients(X, one_hot(LABELS, 3))
    _, found = small().loss_and_gradients(matrix, one_hot(LABELS, 3))
    assert all(map(np.array_equal, found, expected))


def test_a_numerical_gradient_puts_back_what_it_moved_and_wants_exact_values_x05():
    v = np.array([1.0, 2.0])

    def fails():
        """Fail at the first move."""
        if v[0] != 1:
            raise KeyError
        return 1.0

    with pytest.raises(KeyError):
        numerical_gradient(fails, v)
    assert v.tolist() == [1, 2]
    with pytest.raises(ValueError, match="double precision"):
        numerical_gradient(lambda: np.float32(v.sum()), v)
    assert math.isnan(common.largest_entry([np.ones(2), np.array([math.nan])]))


def test_a_loss_needs_examples_in_rows_x05():
    for shape in [(3,), (0, 3), (2, 3, 1)]:
        with pytest.raises(ValueError, match=r"\(N, K\) with N at least 1"):
            kl_loss(np.zeros(shape), np.ones(shape) / 3)


@pytest.mark.parametrize("dtype", ["i4", "i8", "u1", "?", "f2", "c16", "f4"])
def test_a_numerical_gradient_is_taken_in_double_precision_or_not_at_all_x05(dtype):
    v = np.array([1, 2]).astype(dtype)
    with pytest.raises(ValueError, match="numerical_gradient needs a float64 array"):
        numerical_gradient(lambda: float(abs(v).sum()), v)


@pytest.mark.parametrize("v", [[1.0, 2.0], 3.0, (1.0,), np.array([1e8, 1]), np.array([math.inf])])
def test_a_numerical_gradient_needs_an_array_that_its_steps_change_x05(v):
    with pytest.raises(ValueError, match="numerical_gradient needs a float64 array"):
        numerical_gradient(lambda: 1.0, v)


def test_nan_or_infinity_among_the_inputs_is_never_counted_x05():
    for bad in (math.nan, math.inf):
        x = X.copy()
        x[1, 0] = bad
        with np.errstate(all="ignore"), pytest.raises(FloatingPointError, match="nan or infinity"):
            train(small(), x, one_hot(LABELS, 3), learning_rate=0.1, steps=3)
        with np.errstate(all="ignore"), pytest.raises(ValueError, match="a logit is nan"):
            accuracy(small(), x, LABELS)
        with np.errstate(all="ignore"), pytest.raises(ValueError, match="a logit is nan"):
            small().predict(x)
    net = Network([Linear(np.full((3, 2), math.nan), np.zeros(3))])
    with pytest.raises(FloatingPointError, match="nan or infinity among the inputs or the par"):
        train(net, X, one_hot(LABELS, 3), learning_rate=0.1, steps=3)


@pytest.mark.parametrize("dtype", ["i8", "i2", "u1", "?", "f2", "f4"])
def test_weights_of_every_type_are_trained_x05(dtype):
    W = np.array([[1, 0], [0, 1], [1, 1]])
    expected = Network([Linear(W.astype(float), np.zeros(3))])
    net = Network([Linear(W.astype(dtype), [0, 0, 0])])
    for one in (expected, net):
        train(one, X, one_hot(LABELS, 3), learning_rate=0.1, momentum=0.5, steps=5)
    assert np.allclose(net.layers[0].W, expected.layers[0].W, atol=1e-6)
    assert net.layers[0].W.dtype.itemsize >= 4


@pytest.mark.parametrize(
    ("W", "b"),
    [
        (np.zeros((3, 2)), np.zeros((3, 1))),
        (np.zeros((3, 2)), 0.0),
        (np.zeros((3, 2)), np.zeros(2)),
        (np.zeros((2, 3)), np.zeros(3)),
        (np.zeros(2), np.zeros(1)),
        (np.zeros((3, 2), complex), np.zeros(3)),
        ([["1", "2"]], [0]),
    ],
)
def test_weights_and_biases_that_do_not_fit_are_refused_x05(W, b):
    with pytest.raises(ValueError, match=r"expected (W of the shape|an array of real)"):
        Linear(W, b)


@pytest.mark.parametrize(
    "x",
    [X[0], X[None], X.astype(complex), X.astype(str), X.astype(object), np.float64(1), []],
)
def test_examples_that_are_no_rows_of_numbers_are_refused_x05(x):
    with pytest.raises(ValueError, match="expected examples as rows of real numbers"):
        small().predict(x)


@pytest.mark.parametrize(
    "form",
    [
        lambda x: x.tolist(),
        np.asfortranarray,
        lambda x: np.repeat(x, 2, axis=0)[::2],
        lambda x: np.broadcast_to(x, x.shape),
        lambda x: x.astype(">f8"),
        lambda x: x.astype(np.longdouble),
    ],
)
def test_examples_in_every_form_give_the_same_numbers_x05(form):
    targets = one_hot(LABELS, 3)
    found = train(small(), form(X), form(targets), learning_rate=0.1, steps=3).loss
    assert np.allclose(found, train(small(), X, targets, learning_rate=0.1, steps=3).loss)
    assert np.array_equal(small().predict(form(X)), small().predict(X))


def test_training_needs_targets_for_each_example_x05():
    targets = one_hot(LABELS, 3)
    rng = np.random.RandomState(0)
    with pytest.raises(ValueError, match="each of 2 examples, found 3"):
        train(small(), X[:2], targets, learning_rate=0.1, steps=3, batch_size=1, rng=rng)


def test_no_examples_have_no_accuracy_and_no_loss_but_predictions_x05():
    none = LABELS[:0]
    assert small().predict(X[:0]).shape == (0,) and one_hot(none, 3).shape == (0, 3)
    with pytest.raises(ValueError, match="at least one example"):
        accuracy(small(), X[:0], none)
    with pytest.raises(ValueError, match="with N at least 1"):
        train(small(), X[:0], one_hot(none, 3), learning_rate=0.1, steps=3)


def test_two_layers_of_one_array_and_one_layer_twice_are_right_x05():
    W = np.array([[0.5, -0.2], [0.1, 0.3]])
    targets = one_hot([0, 1, 1], 2)
    net = Network([Linear(W, np.zeros(2)), Linear(W, np.zeros(2))])
    layer = Linear(W, np.zeros(2))
    twice = Network([layer, layer])
    for one in (net, twice):
        _, (dW, _, dV, _) = one.loss_and_gradients(X, targets)
        numerical = [
            numerical_gradient(lambda one=one: one.loss_and_gradients(X, targets)[0], layer.W)
            for layer in one.layers
        ]
        shares = (dW + dV, dW + dV) if one is twice else (dW, dV)
        close(shares[0], numerical[0], 1e-6)
        close(shares[1], numerical[1], 1e-6)
