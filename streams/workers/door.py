"""Sources keyed by patient: normalised where they are scored, so that an observation gets there in one hop."""

from __future__ import annotations

from streams import metrics
from streams.errors import ContractError
from streams.records import BedsideEvent, Event, Overruling, SlowEvent
from streams.settings import Settings
from streams.timeline.share import Share
from streams.transport.produce import Out
from streams.transport.runs import Run
from streams.workers.gathering import Gathered
from streams.workers.intake import Intake, SourceGuard, route
from streams.workers.relay import Relay


class Door:
    """Reads the topics of sources keyed by patient into the state of the partition that they lie in.

    What a message says of a patient of another partition, and word to every partition, goes over the topics that
    `normalise` writes. A source where that is the rule is not keyed as its settings say.
    """

    def __init__(self, settings: Settings, relay: Relay) -> None:
        self.intake = Intake(settings, settings.keyed)
        self._partitions, self._relay = settings.partitions, relay
        self._astray = {topic: SourceGuard() for topic in self.intake.sources}

    def take(self, run: Run, share: Share, gathered: Gathered) -> list[Out]:
        """Take a run into the state; return what goes elsewhere, dead letters among it.

        Raises
        ------
        ContractError
            Where most of the source's messages belong to other partitions.
        """
        outs: list[Out] = []
        for record in run.records:
            if run.topic in self.intake.stopped:
                break
            result = self.intake.read(run, record)
            outs += self.intake.letters(result)
            strayed = False
            for event in result.events:
                if not isinstance(event, SlowEvent) and self._is_of(run.partition, event):
                    metrics.FACTS.labels(gathered.apply(event, share)).inc()
                else:
                    outs += route(event, self._partitions)
                    strayed |= self._is_astray(run.partition, event)
            if self._astray[run.topic].tripped(strayed):
                raise _not_keyed(run)
        return outs

    def _is_astray(self, partition: int, event: Event) -> bool:
        """Tell whether an event shows that the source is not keyed as its settings say."""
        return not isinstance(event, Overruling) and self._relay.home(event.patient_id) != partition

    def _is_of(self, partition: int, event: BedsideEvent) -> bool:
        return not isinstance(event, Overruling) and self._relay.home(event.patient_id) == partition


def _not_keyed(run: Run) -> ContractError:
    return ContractError(
        f"{run.topic}: expected records keyed by the bare patient id and partitioned by Kafka's default partitioner "
        "(murmur2), received most of them in other partitions; set keyed_by_patient of this source to false, or mend "
        "the key"
    )
