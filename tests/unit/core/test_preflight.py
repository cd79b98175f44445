"""Whether a queue could ever run a job."""

from hypothesis import given
from hypothesis import strategies as st

from headrace.core.preflight import (
    Demand,
    Environment,
    InstanceType,
    Queue,
    ailments,
    demand_of,
    misfits,
    no_queue,
)

LARGE = InstanceType("m5.large", 2, 8192)
XLARGE = InstanceType("r5.4xlarge", 16, 131072)
GPU = InstanceType("g4dn.xlarge", 4, 16384, gpus=1)
ARM = InstanceType("m7g.large", 2, 8192, arch="arm64")


def queue(*environments: Environment) -> Queue:
    """A queue of these environments."""
    return Queue(name="q", environments=environments)


def of(*types: InstanceType, **more) -> Environment:
    """An environment of these instance types."""
    return Environment(name="ce", types=types, max_vcpus=256, **more)


def test_a_job_that_fits_one_instance_fits():
    """One environment that could run it is enough."""
    assert misfits(Demand(vcpus=16, memory_mib=100_000), queue(of(LARGE), of(XLARGE))) == []


def test_all_of_an_instances_memory_is_never_there():
    """The trap of asking for the 8 GiB an instance is sold with: the system has some of it."""
    found = misfits(Demand(vcpus=2, memory_mib=8192), queue(of(LARGE)))
    assert len(found) == 1
    assert "m5.large, has 2 vCPUs and 8192 MiB, of which jobs can have at most 8078" in found[0].message
    assert misfits(Demand(vcpus=2, memory_mib=7600), queue(of(LARGE))) == []


def test_vcpus_and_memory_must_be_on_one_instance():
    """The vCPUs of one type and the memory of another do not make a machine."""
    wide = InstanceType("c5.9xlarge", 36, 73728)
    assert misfits(Demand(vcpus=36, memory_mib=100_000), queue(of(wide, XLARGE)))


def test_an_environments_limit_counts():
    """Larger than maxvCpus is never started, whatever the instances are."""
    small = Environment(name="ce", max_vcpus=8)
    assert "its maxvCpus is 8" in misfits(Demand(vcpus=16), queue(small))[0].message


def test_gpus():
    """A queue without enough GPUs on one instance says how many there are."""
    assert "at most 1 GPUs" in misfits(Demand(vcpus=1, gpus=2), queue(of(GPU)))[0].message
    assert misfits(Demand(vcpus=1, gpus=1), queue(of(LARGE, GPU))) == []


def test_architecture():
    """A task made for one architecture does not go to machines of the other, known by type or by the family alone."""
    assert misfits(Demand(vcpus=1, arch="arm64"), queue(of(LARGE, arch="x86_64")))
    assert misfits(Demand(vcpus=1, arch="arm64"), queue(of(LARGE, ARM))) == []
    assert misfits(Demand(vcpus=1, arch="arm64"), queue(Environment(name="ce", arch="x86_64")))


def test_platform():
    """A task for EC2 on a queue of Fargate, and the other way round, is told what to write."""
    fargate = queue(Environment(name="f", platform="FARGATE", max_vcpus=16))
    assert "platformType: fargate" in misfits(Demand(vcpus=1), fargate)[0].hint
    assert "platformType: ec2" in misfits(Demand(vcpus=1, platform="FARGATE"), queue(of(LARGE)))[0].hint
    assert misfits(Demand(vcpus=1, memory_mib=2048, platform="FARGATE"), fargate) == []


@given(st.integers(1, 10_000), st.integers(4, 10**8), st.integers(0, 16))
def test_what_is_not_known_fits(vcpus, memory, gpus):
    """Families Batch chooses from by itself, and what EC2 did not answer, stop nothing."""
    assert misfits(Demand(vcpus=vcpus, memory_mib=memory, gpus=gpus), queue(Environment(name="ce"))) == []
    assert misfits(Demand(vcpus=vcpus, memory_mib=memory, gpus=gpus), Queue(name="q")) == []


@given(st.integers(1, 64), st.integers(4, 200_000), st.integers(1, 64), st.integers(4, 200_000))
def test_who_asks_for_less_fits_where_more_fits(vcpus, memory, less_vcpus, less_memory):
    """The check is monotonic: a smaller job is never refused where a larger one is not."""
    there = queue(of(LARGE, XLARGE, GPU))
    if not misfits(Demand(vcpus=vcpus, memory_mib=memory), there):
        smaller = Demand(vcpus=min(vcpus, less_vcpus), memory_mib=min(memory, less_memory))
        assert misfits(smaller, there) == []


def test_a_definition_of_ones_own_may_say_its_size_itself():
    """What the request leaves to the definition is not judged."""
    assert misfits(Demand(), queue(of(LARGE))) == []


def test_the_demand_of_a_request():
    """Sizes are read from the request as Batch gets it, after Fargate's rounding."""
    sizes = [{"type": "VCPU", "value": "0.5"}, {"type": "MEMORY", "value": "1024"}, {"type": "GPU", "value": "2"}]
    request = {"containerOverrides": {"resourceRequirements": sizes}}
    assert demand_of(request, "FARGATE", "") == Demand(platform="FARGATE", vcpus=0.5, memory_mib=1024, gpus=2)
    assert demand_of({"containerOverrides": {}}, "EC2", "arm64") == Demand(arch="arm64")


def test_ailments_are_what_can_be_switched_on_again():
    """A disabled queue, an invalid one, and one all of whose environments are; one good environment is enough."""
    assert ailments(queue(of(LARGE))) == []
    assert "is DISABLED" in ailments(Queue(name="q", state="DISABLED"))[0].message
    assert "no subnet" in ailments(Queue(name="q", status="INVALID", reason="no subnet"))[0].message
    sick = Environment(name="a", status="INVALID", reason="CLIENT_ERROR")
    assert "CLIENT_ERROR" in ailments(queue(sick))[0].message
    assert ailments(queue(sick, of(LARGE))) == []


def test_a_queue_that_is_not_there_is_told_with_those_that_are():
    """The region looked in, the queues found there, the nearest."""
    problem = no_queue("spott", "eu-west-1", ["spot", "on-demand"])
    assert str(problem).count("eu-west-1") == 1
    assert problem.expected == "one of on-demand, spot"
    assert problem.hint == "did you mean 'spot'?"
    assert "this region has none" in no_queue("x", "eu-west-1", []).expected
