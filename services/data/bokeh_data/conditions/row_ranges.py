"""Ranges of rows: ascending, disjoint, of shape (n, 2)."""

import numpy as np

from bokeh_data.windows.sorted_indices import Indices


def intersect(lists: list[Indices], length: int) -> Indices:
    """Return the ranges of rows that are in all lists of ranges; each list is ascending, of shape (n, 2)."""
    all_lists = [np.array([[0, length]], np.int64), *lists]
    edges = np.unique(np.concatenate([ranges.reshape(-1) for ranges in all_lists]))
    inside = np.ones(max(len(edges) - 1, 0), bool)
    for ranges in all_lists:
        at = np.searchsorted(ranges[:, 0], edges[:-1], "right") - 1
        inside &= (at >= 0) & (ranges[np.maximum(at, 0), 1] > edges[:-1]) if len(ranges) else False
    return merge_adjacent(np.stack([edges[:-1], edges[1:]], 1)[inside])


def unite(lists: list[Indices]) -> Indices:
    """Return the ranges of rows that are in at least one of the lists of ranges."""
    ranges = np.concatenate([np.empty((0, 2), np.int64), *lists])
    ranges = ranges[np.argsort(ranges[:, 0], kind="stable")]
    stops = np.maximum.accumulate(ranges[:, 1])
    is_new = np.ones(len(ranges), bool)
    is_new[1:] = ranges[1:, 0] > stops[:-1]
    is_last = np.append(is_new[1:], True)[: len(ranges)]
    return np.stack([ranges[is_new, 0], stops[is_last]], 1)


def merge_adjacent(ranges: Indices) -> Indices:
    """Merge ranges of rows that touch each other; shape (n, 2)."""
    is_new = np.ones(len(ranges), bool)
    is_new[1:] = ranges[1:, 0] != ranges[:-1, 1]
    is_last = np.append(is_new[1:], True)[: len(ranges)]
    return np.stack([ranges[is_new, 0], ranges[is_last, 1]], 1)
