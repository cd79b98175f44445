"""One episode per cause and queue: told once, told to be over once."""

from dataclasses import replace

from headrace.core.stuck import Verdict
from headrace.core.stuck_episodes import Episode, follow
from headrace.core.stuck_jobs import Seen, Suspicion
from headrace.core.stuck_limits import Policy, Severity

NOW = 1_800_000_000_000
POLICY = Policy()
ABOUT = Suspicion(code="quota", severity=Severity.BROKEN, cause="the quota is used up", advice="ask for more")


def verdict(number: int, *, alert: bool, **more) -> Verdict:
    """A job that waits since `number` ms."""
    seen = Seen(name=f"n{number}", state="RUNNABLE", job_id=f"j{number}", run="r", task=f"t{number}")
    return Verdict(job=seen, suspicion=ABOUT, since_ms=number, alert=alert, **more)


def test_many_jobs_are_one_cause():
    """With their number, the oldest of them as the example, and the strongest thing done."""
    followed = follow(
        "q",
        [verdict(9, alert=True), verdict(5, alert=True, act="next-queue"), verdict(2, alert=False)],
        {},
        NOW,
        POLICY,
    )
    (episode,) = followed.tell
    assert (episode.jobs, episode.job, episode.task, episode.since_ms) == (3, "j5", "t5", 2)
    assert (episode.code, episode.action) == ("quota", "next-queue")
    assert followed.keep == (episode,)


def test_what_is_not_ripe_is_kept_and_not_told():
    """So that `status` can show it."""
    followed = follow("q", [verdict(5, alert=False)], {}, NOW, POLICY)
    assert (len(followed.keep), followed.tell) == (1, ())


def test_a_cause_is_told_again_only_after_long():
    """While it lasts."""
    told = Episode(queue="q", code="quota", told_ms=NOW, since_ms=1)
    for after_s, again in ((0, True), (300, False), (POLICY.again_s, True)):
        followed = follow("q", [verdict(5, alert=True)], {"quota": told}, NOW + after_s * 1000, POLICY)
        assert bool(followed.tell) is again
        assert followed.keep[0].since_ms == 1


def test_a_cause_is_over_when_two_sweeps_miss_it():
    """One may have been unlucky; and what nobody was told of goes silently."""
    told = Episode(queue="q", code="quota", told_ms=NOW)
    once = follow("q", (), {"quota": told}, NOW, POLICY)
    assert (once.keep, once.over) == ((replace(told, missed=1),), ())
    twice = follow("q", (), {"quota": once.keep[0]}, NOW, POLICY)
    assert [each.code for each in twice.over] == ["quota"]
    silent = follow("q", (), {"quota": Episode(queue="q", code="quota")}, NOW, POLICY)
    assert [each.told_ms for each in silent.over] == [0]


def test_a_cause_that_comes_back_begins_to_be_missed_anew():
    """Found again after one miss: nothing was over."""
    missed = Episode(queue="q", code="quota", told_ms=NOW - 1, missed=1)
    followed = follow("q", [verdict(5, alert=True)], {"quota": missed}, NOW, POLICY)
    assert (followed.keep[0].missed, followed.over, followed.tell) == (0, (), ())
