"""Who is who: what Patient resources say of retired ids and aliases; a set of words that grows by union."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from streams.identity import is_alias
from streams.records import Identity

Said = tuple[str, str, str, str]
"""subject, target, source, resource id: of the words that agree in these the highest version stands."""


MOST_CLAIMS = 16
"""Patients that may ever have claimed an alias. One that more claim is a placeholder ("unknown", say), no identifier;
it is nobody's for good, and no more words on it are kept than show that."""


def _rank(word: Identity) -> tuple[object, ...]:
    return word.version, word.target, word.source, word.resource_id


class Identities:
    """Resolves an identity to the patient whose it is under the words known here.

    Of several targets the word highest in version order decides. In a cycle of merges that word is void, so that every
    chain ends. What comes out depends on the set of words alone.
    """

    def __init__(self) -> None:
        self._words: dict[str, dict[Said, Identity]] = {}
        self._next: dict[str, str] = {}
        self._before: defaultdict[str, set[str]] = defaultdict(set)
        self._retired: set[str] = set()
        self._ever: dict[str, set[str]] = {}
        """Patient to every identity that any word, standing or not, ever gave it."""

    def take(self, words: Iterable[Identity]) -> set[str]:
        """Take in words; return every identity that is another's now than it was, and those it was and is whose."""
        changed = {word.subject for word in words if self._put(word)}
        if not changed:
            return set()
        before = self._pointed(changed)
        # Whose way has changed stands, still, behind the first on it that points elsewhere now.
        turned = {subject for subject, target in before.items() if self._next.get(subject) != target}
        moved = turned.union(*(self.origins(subject) for subject in turned))
        ends = ((s, _end(s, before, self._next), self.resolve(s)) for s in moved)
        return {name for s, old, new in ends if old != new for name in (s, old, new)}

    def _pointed(self, changed: set[str]) -> dict[str, str | None]:
        """Point anew those whose words have changed, and return where they and all that a cycle concerns pointed."""
        retired = {subject for subject in changed if not is_alias(subject)}
        self._retired |= retired
        before = {subject: self._next.get(subject) for subject in (changed | self._retired if retired else changed)}
        for subject in changed:
            self._point(subject, self._chosen(subject, ()))
        if retired:
            self._break_cycles()
        return before

    def _put(self, word: Identity) -> bool:
        if self.knows(word):
            return False
        known = self._words.setdefault(word.subject, {})
        known[word.subject, word.target, word.source, word.resource_id] = word
        self._ever.setdefault(word.target, set()).add(word.subject)
        if is_alias(word.subject) and len(known) > MOST_CLAIMS + 1:
            # The highest are kept: versions only rise, so what falls out here falls out in every order.
            del known[min(known, key=lambda said: _rank(known[said]))]
        return True

    def knows(self, word: Identity) -> bool:
        """Tell whether a word, or a higher one of the same resource, has been taken in."""
        old = self._words.get(word.subject, {}).get((word.subject, word.target, word.source, word.resource_id))
        return old is not None and (old.version, old.stands) >= (word.version, word.stands)

    def _chosen(self, subject: str, void: Iterable[Identity]) -> Identity | None:
        if is_alias(subject) and len(self._words[subject]) > MOST_CLAIMS:
            return None
        standing = (w for w in self._words[subject].values() if w.stands and w not in void)
        return max(standing, key=_rank, default=None)

    def _point(self, subject: str, word: Identity | None) -> None:
        old = self._next.pop(subject, None)
        if old is not None:
            self._before[old].discard(subject)
        if word is not None:
            self._next[subject] = word.target
            self._before[word.target].add(subject)

    def _break_cycles(self) -> None:
        """Point every retired id anew, leaving out the highest word of each cycle until there is none."""
        void: list[Identity] = []
        retired = sorted(self._retired)
        while True:
            chosen = {s: word for s in retired if (word := self._chosen(s, void)) is not None}
            cycle = _cycle({s: word.target for s, word in chosen.items()})
            if not cycle:
                break
            void.append(max((chosen[s] for s in cycle), key=_rank))
        for subject in retired:
            self._point(subject, chosen.get(subject))

    def resolve(self, identity: str) -> str:
        """Return the patient whose facts these are; the identity itself where no word says otherwise."""
        return self.way(identity)[-1] if identity in self._next else identity

    def way(self, identity: str) -> list[str]:
        """Return the identity and every further one up to the patient whose it is."""
        found = [identity]
        while (further := self._next.get(found[-1])) is not None:
            found.append(further)
        return found

    def origins(self, patient_id: str) -> list[str]:
        """Return every other identity whose facts are this patient's, ascending."""
        return _upstream(patient_id, self._before)

    def ever_origins(self, patient_id: str) -> list[str]:
        """Return every other identity that was this patient's under any words that were known, ascending."""
        return _upstream(patient_id, self._ever)

    def words_of(self, subject: str) -> tuple[Identity, ...]:
        """Return all words on one identity."""
        return tuple(sorted(self._words.get(subject, {}).values()))


def _end(subject: str, before: Mapping[str, str | None], pointers: Mapping[str, str]) -> str:
    """Return where a chain of pointers ended; `before` has those that have changed since."""
    while (further := before[subject] if subject in before else pointers.get(subject)) is not None:
        subject = further
    return subject


def _upstream(patient_id: str, before: Mapping[str, set[str]]) -> list[str]:
    if patient_id not in before:
        return []
    found = {patient_id}
    waiting = [patient_id]
    while waiting:
        new = before.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return sorted(found - {patient_id})


def _cycle(edges: dict[str, str]) -> list[str]:
    """Return the members of one cycle, the one with the lowest id; empty where there is none."""
    ended: set[str] = set()
    for start in sorted(edges):
        path: list[str] = []
        name: str | None = start
        while name is not None and name not in ended and name not in path:
            path.append(name)
            name = edges.get(name)
        if name in path:
            return path[path.index(name) :]
        ended.update(path)
    return []
