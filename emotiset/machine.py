"""An automaton over bytes, built way by way and then made to know its next state."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


class Machine:
    """An automaton under construction: from a state a byte may lead to several.

    Attributes
    ----------
    edges
        For each state where each byte leads; state 0 is the start.
    accepts
        For accepting states the bits of what they ask for.
    """

    def __init__(self) -> None:
        self.edges: list[dict[int, list[int]]] = [{}]
        self.accepts: dict[int, int] = {}

    def add_state(self) -> int:
        """Return a new state."""
        self.edges.append({})
        return len(self.edges) - 1

    def add_way(self, state: int, way: Iterable[bytes], target: int) -> None:
        """Lead from *state* to *target*; each step of *way* takes one of its bytes."""
        *heads, last = way
        for choice in heads:
            after = self.add_state()
            for byte in choice:
                self.edges[state].setdefault(byte, []).append(after)
            state = after
        for byte in last:
            self.edges[state].setdefault(byte, []).append(target)

    def determinize(
        self, max_states: int
    ) -> tuple[NDArray[np.int32], NDArray[np.uint8]] | None:
        """Return the equal automaton in which a byte leads to one state at most.

        Returns
        -------
        step : int32[n_states, 256]
            Next state for each byte, 0 for none.
        accepts : uint8[n_states]
            For a state that stands for several accepting ones the bits that all have.

        None, if there are more than *max_states* states.
        """
        numbers: dict[frozenset[int], int] = {frozenset([0]): 0}
        waiting, rows, accepts = [frozenset([0])], [], []
        for members in waiting:  # grows as it goes
            row: dict[int, set[int]] = {}
            for member in members:
                for byte, targets in self.edges[member].items():
                    row.setdefault(byte, set()).update(targets)
            ways = np.zeros(256, np.int32)
            for byte, reached in row.items():
                target = frozenset(reached)
                if target not in numbers:
                    numbers[target] = len(waiting)
                    waiting.append(target)
                ways[byte] = numbers[target]
            rows.append(ways)
            accepts.append(self._needs(members))
            if len(waiting) > max_states:
                return None
        return np.stack(rows), np.array(accepts, np.uint8)

    def _needs(self, members: Iterable[int]) -> int:
        """Return the least that any symbol which ends here asks for."""
        needs = [self.accepts[each] for each in members if each in self.accepts]
        return int(np.bitwise_and.reduce(needs)) if needs else 0
