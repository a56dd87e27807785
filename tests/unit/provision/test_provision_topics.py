from streams import topics
from streams.provision.topics import Drift, _compare_config, _compare_shape
from streams.settings import Settings

SCORES = topics.BY_NAME["risk.scores"]
AS_DECLARED = {key: {"value": value} for key, value in SCORES.config().items()}


def test_a_missing_topic_is_drift() -> None:
    assert _compare_shape(SCORES, None, Settings()) == [Drift("risk.scores", "topic", "present", "missing")]


def test_a_wrong_partition_count_is_drift() -> None:
    assert _compare_shape(SCORES, (3, 1), Settings()) == [Drift("risk.scores", "partitions", "6", "3")]


def test_too_few_replicas_are_drift() -> None:
    settings = Settings(replication_factor=3)
    assert _compare_shape(SCORES, (6, 1), settings) == [Drift("risk.scores", "replication", "3", "1")]


def test_a_single_topic_has_one_partition_whatever_the_settings_say() -> None:
    assert _compare_shape(topics.BY_NAME["control.clock"], (1, 1), Settings(partitions=12)) == []


def test_settings_as_declared_are_no_drift() -> None:
    assert _compare_config(SCORES, {"risk.scores": AS_DECLARED}) == []


def test_each_changed_setting_is_drift() -> None:
    found = AS_DECLARED | {"cleanup.policy": {"value": "compact"}, "message.timestamp.type": {"value": "LogAppendTime"}}
    assert _compare_config(SCORES, {"risk.scores": found}) == [
        Drift("risk.scores", "cleanup.policy", "delete", "compact"),
        Drift("risk.scores", "message.timestamp.type", "CreateTime", "LogAppendTime"),
    ]


def test_what_the_broker_does_not_report_is_stated_and_is_no_drift() -> None:
    found = {key: value for key, value in AS_DECLARED.items() if key != "retention.ms"}
    assert _compare_config(SCORES, {"risk.scores": found}) == [
        Drift("risk.scores", "retention.ms", "-1", "not reported", "unreported")
    ]
    assert {drift.kind for drift in _compare_config(SCORES, None)} == {"unreported"}


def test_every_topic_says_who_writes_and_reads_it_and_what_it_holds() -> None:
    for topic in topics.TOPICS:
        assert all((topic.key, topic.value, topic.producers, topic.consumers)), topic.name


def test_no_topic_stamps_records_with_anything_but_arrival_time() -> None:
    assert {topic.config()["message.timestamp.type"] for topic in topics.TOPICS} == {"CreateTime"}
