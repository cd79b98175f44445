"""Options as fields of containerProperties."""

from headrace.core.container_options import NO_OPTIONS, parse
from headrace.core.job_container import environment_fields, log_fields, mount_fields, options_fragment, shared_fields
from headrace.core.volumes import Efs, Volume


def test_the_reference_pages_examples():
    """The fragments the three examples become."""
    assert options_fragment(parse("--tmpfs /run:rw,noexec,nosuid,size=128 --tmpfs /app:ro,size=64"), "EC2") == {
        "linuxParameters": {
            "tmpfs": [
                {"containerPath": "/run", "size": 128, "mountOptions": ["rw", "noexec", "nosuid"]},
                {"containerPath": "/app", "size": 64, "mountOptions": ["ro"]},
            ]
        }
    }
    text = "-e MYVAR1 --env MYVAR2=foo2 --memory-swap 3240000 --memory-swappiness 20 --shm-size 16000000"
    assert options_fragment(parse(text), "EC2") == {
        "environment": [{"name": "MYVAR1"}, {"name": "MYVAR2", "value": "foo2"}],
        "linuxParameters": {"sharedMemorySize": 15, "maxSwap": 3240000, "swappiness": 20},
    }
    assert options_fragment(parse("--ulimit nofile=1280:2560 --ulimit nproc=16:32 --privileged"), "EC2") == {
        "privileged": True,
        "ulimits": [
            {"name": "nofile", "softLimit": 1280, "hardLimit": 2560},
            {"name": "nproc", "softLimit": 16, "hardLimit": 32},
        ],
    }


def test_everything_else():
    """User, read-only root, init, devices, GPUs."""
    assert options_fragment(parse("-u 1:2 --read-only --init --device /dev/a:/dev/b:rm --gpus 2"), "EC2") == {
        "resourceRequirements": [{"type": "GPU", "value": "2"}],
        "user": "1:2",
        "readonlyRootFilesystem": True,
        "linuxParameters": {
            "devices": [{"hostPath": "/dev/a", "containerPath": "/dev/b", "permissions": ["READ", "MKNOD"]}],
            "initProcessEnabled": True,
        },
    }


def test_defaults_leave_nothing():
    """Options that say docker's default make an empty fragment."""
    assert options_fragment(parse("--privileged=false --init=0 --memory-swappiness -1 --rm -u ''"), "EC2") == {}
    assert shared_fields(NO_OPTIONS) == environment_fields(()) == mount_fields((), "EC2") == {}


def test_shared_fields_hold_nothing_that_rides_on_submit_job():
    """Variables, labels and GPUs do not make another definition."""
    assert shared_fields(parse("-e A=1 --gpus 1 --label a=b")) == {}


def test_mounts():
    """A host path, an empty volume, EFS with and without an access point."""
    volumes = [
        Volume("/a", "/h", None, True),
        Volume("/b"),
        Volume("/c", efs=Efs("fs-1", "/x")),
        Volume("/d", efs=Efs("fs-1", "/", "fsap-1")),
    ]
    fields = mount_fields(volumes, "EC2")
    assert fields["volumes"] == [
        {"name": "vol-1", "host": {"sourcePath": "/h"}},
        {"name": "vol-2", "host": {}},
        {
            "name": "vol-3",
            "efsVolumeConfiguration": {"fileSystemId": "fs-1", "rootDirectory": "/x", "transitEncryption": "ENABLED"},
        },
        {
            "name": "vol-4",
            "efsVolumeConfiguration": {
                "fileSystemId": "fs-1",
                "rootDirectory": "/",
                "transitEncryption": "ENABLED",
                "authorizationConfig": {"accessPointId": "fsap-1"},
            },
        },
    ]
    assert fields["mountPoints"][0] == {"sourceVolume": "vol-1", "containerPath": "/a", "readOnly": True}
    assert [point["containerPath"] for point in fields["mountPoints"]] == ["/a", "/b", "/c", "/d"]


def test_an_empty_volume_has_no_host_on_fargate():
    """Fargate refuses the host member even when it is empty."""
    assert mount_fields([Volume("/b")], "FARGATE")["volumes"] == [{"name": "vol-1"}]


def test_log():
    """The user's options win over the group's; another driver has none of awslogs's; options alone are awslogs's."""
    group = {"awslogs-group": "g", "awslogs-region": "r"}
    assert log_fields(NO_OPTIONS, {}) == {}
    assert log_fields(NO_OPTIONS, group)["logConfiguration"] == {"logDriver": "awslogs", "options": group}
    own = log_fields(parse("--log-opt awslogs-group=mine"), group)["logConfiguration"]
    assert own == {"logDriver": "awslogs", "options": {"awslogs-group": "mine", "awslogs-region": "r"}}
    assert log_fields(parse("--log-driver fluentd"), group)["logConfiguration"] == {"logDriver": "fluentd"}
