"""What is said about points that can or cannot be separated.

The answers of Problems 2 and 3 are made here from what points.py has found.
"""

from points import Crossing, Fewest, Overlap, Verdict

MOST_NAMED = 6  # pairs of classes in one sentence


def verdict_in_short(verdict: Verdict) -> str:
    """Return the verdict in two or three words."""
    if verdict.separable is None:
        return "separable or not: undecided"
    return f"{'separable' if verdict.separable else 'not separable'}: proven"


def which_part(N: int, verdict: Verdict, pairs: list[Crossing], fewest: Fewest) -> str:
    """Say in Markdown which part of N points cannot be separated, and how we know."""
    if verdict.separable is None:
        return (
            "That is undecided: neither that a linear classifier separates these "
            "points, nor that none does, could be confirmed in rational arithmetic."
        )
    if verdict.separable:
        return (
            "None: a linear classifier separates all points. This is proven, because "
            "such $W$ and $b$ were found and checked, for every point, in rational "
            "arithmetic, which does not round."
        )
    return (
        "No linear classifier separates all points. This is proven: each contradiction "
        "behind it was checked in rational arithmetic, which does not round. "
        f"{inseparable_pairs(pairs) if pairs else joint_contradiction(verdict)} "
        f"{how_many_must_go(N, fewest)}"
    )


def inseparable_pairs(pairs: list[Crossing]) -> str:
    """Name the pairs of classes that no straight line separates, and say why."""
    names = ["{} and {}".format(*pair.classes) for pair in pairs]
    if len(pairs) == 1:
        text = f"The part that cannot be separated is the classes {names[0]}:"
    elif len(pairs) <= MOST_NAMED:
        text = f"These classes cannot be separated from each other: {names[0]}; "
        text += f"{'; '.join(names[1:])}. For example,"
    else:
        text = f"There are {len(pairs)} pairs of classes that cannot be separated from "
        text += "each other. For example,"
    return (
        f"{text} {pairs[0].description}, so no straight line runs between the two "
        "classes. (The points are counted from 0.)"
    )


def joint_contradiction(verdict: Verdict) -> str:
    """Say that the classes fail together, and how long the proof is."""
    weights = verdict.proof.weights if isinstance(verdict.proof, Overlap) else {}
    return (
        "No two classes were found that cannot be separated from each other; the proof "
        f"takes {len(weights)} conditions, of {len({n for n, _ in weights})} points, "
        "that contradict each other."
    )


def how_many_must_go(N: int, fewest: Fewest) -> str:
    """Say how many of N points must be left out before the others are separable."""
    must_go = "must be left out before a linear classifier separates the others"
    if fewest.at_least == fewest.at_most:
        return f"{fewest.at_least} of the {N} points {must_go}, and no more."
    return (
        f"At least {fewest.at_least} of the {N} points {must_go}; {fewest.at_most} "
        "are enough."
    )
