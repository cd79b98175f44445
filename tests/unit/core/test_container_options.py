"""What docker options mean on Batch: the reference page's examples, the known traps, and wild input."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.container_option_table import OPTIONS
from headrace.core.container_option_values import Device, Named, Tmpfs, Ulimit
from headrace.core.container_options import NO_OPTIONS, ContainerOptions, option_text, parse
from headrace.core.errors import InvalidSpec
from headrace.core.volumes import Volume


def refused(source: object, **known: object) -> str:
    """The text of the refusal; fails when the options pass."""
    with pytest.raises(InvalidSpec) as caught:
        parse(source, **known)
    return str(caught.value)


class TestReferencePage:
    """Every containerOptions example of the reference page."""

    def test_shm_and_two_ulimits(self):
        """The configuration example is 15 MiB of shared memory and two limits."""
        options = parse("--shm-size 16000000 --ulimit nofile=1280:2560 --ulimit nproc=16:32")
        assert options == ContainerOptions(shm_mib=15, ulimits=(Ulimit("nofile", 1280, 2560), Ulimit("nproc", 16, 32)))
        assert any("15 MiB" in note for note in options.notes)

    def test_two_tmpfs(self):
        """Sizes without a unit are MiB, options keep their order."""
        options = parse("--tmpfs /run:rw,noexec,nosuid,size=128 --tmpfs /app:ro,size=64")
        assert options.tmpfs == (Tmpfs("/run", 128, ("rw", "noexec", "nosuid")), Tmpfs("/app", 64, ("ro",)))

    def test_environment_and_swap(self):
        """A bare variable goes out as a name alone with a note; bare swap is MiB."""
        options = parse(
            "-e MYVAR1 --env MYVAR2=foo2 --env MYVAR3=foo3 --memory-swap 3240000 --memory-swappiness 20 --shm-size 16000000"
        )
        assert options.environment == (Named("MYVAR1", None), Named("MYVAR2", "foo2"), Named("MYVAR3", "foo3"))
        assert (options.swap_mib, options.swappiness, options.shm_mib) == (3240000, 20, 15)
        assert any("MYVAR1 has no value" in note for note in options.notes)

    def test_ulimits_and_privileged(self):
        """The third example."""
        options = parse("--ulimit nofile=1280:2560 --ulimit nproc=16:32 --privileged")
        assert options.privileged
        assert options.ulimits == (Ulimit("nofile", 1280, 2560), Ulimit("nproc", 16, 32))


class TestTraps:
    """What other translators get wrong."""

    @pytest.mark.parametrize(
        "words", ['-e A="x y"', "-e 'A=x y'", "-e A=x\\ y", "--env=A='x y'", '-e\n\t"A=x y"', '-e A="x\\\n y"']
    )
    def test_quotes_anywhere_in_a_word(self, words):
        """A quoted blank belongs to the value wherever the quotes stand."""
        assert parse(words).environment == (Named("A", "x y"),)

    @pytest.mark.parametrize("value", ["-Dx=1", "https://h/?a=b&c=d", "", "=", "a b", "日本"])
    def test_values_keep_their_equals_signs(self, value):
        """Only the first = splits a variable, and nothing after it is an empty value, not none."""
        assert parse({"env": {"JAVA_OPTS": value}}).environment == (Named("JAVA_OPTS", value),)
        assert parse(f"-e 'JAVA_OPTS={value}'").environment == (Named("JAVA_OPTS", value),)

    @pytest.mark.parametrize("flag", ["privileged", "read-only", "init"])
    @pytest.mark.parametrize(
        ("text", "on"), [("", True), ("=true", True), ("=1", True), ("=false", False), ("=0", False), ("=F", False)]
    )
    def test_false_is_false(self, flag, text, on):
        """`--privileged=false` does not turn privileges on."""
        field = flag.replace("-", "_")
        assert getattr(parse(f"--{flag}{text}"), field) is on

    def test_grouped_short_flags_are_flags(self):
        """`-it` after a variable is two flags, not a variable."""
        options = parse("-e A=1 -it -ituroot")
        assert options.environment == (Named("A", "1"),)
        assert options.user == "root"

    @pytest.mark.parametrize("text", ["-u root", "-uroot", "-u=root", "--user root", "--user=root", "--user x -u root"])
    def test_spellings_are_equal(self, text):
        """Every spelling docker knows means the same; the last one counts."""
        assert parse(text) == ContainerOptions(user="root")

    def test_last_user_wins_whatever_its_spelling(self):
        """A short spelling does not beat a later long one."""
        assert parse("-u a --user b").user == "b"

    def test_ulimit_without_hard_limit(self):
        """The hard limit is the soft one when absent, as in docker; the API needs both."""
        assert parse("--ulimit nofile=10 --ulimit core=unlimited --ulimit memlock=-1:-1").ulimits == (
            Ulimit("nofile", 10, 10),
            Ulimit("core", -1, -1),
            Ulimit("memlock", -1, -1),
        )

    @pytest.mark.parametrize(
        "limit",
        [
            "nofil=1",
            "nofile",
            "nofile=",
            "nofile=1:",
            "nofile=2:1",
            "nofile=-1:5",
            "nofile=x",
            "nofile=-2",
            "nofile=99999999999",
        ],
    )
    def test_bad_ulimits(self, limit):
        """A limit the API or docker would refuse is refused here, by name."""
        assert "--ulimit at character 1" in refused(f"--ulimit {limit}")

    @pytest.mark.parametrize(
        ("size", "mib"),
        [
            ("64m", 64),
            ("64mb", 64),
            ("64MiB", 64),
            ("64Mi", 64),
            ("1.5g", 1536),
            ("1048576", 1),
            ("2048k", 2),
            ("'64 m'", 64),
            ("1T", 1048576),
            ("1048576b", 1),
        ],
    )
    def test_shm_sizes(self, size, mib):
        """All of docker's units, in MiB."""
        assert parse(f"--shm-size {size}").shm_mib == mib

    @pytest.mark.parametrize("size", ["1000", "512k", "x", "-1", "1e9", "64mm", "9999999999999999t", ""])
    def test_bad_shm_sizes(self, size):
        """A size below 1 MiB would become 0, one beyond the API is not sent."""
        assert "--shm-size" in refused(f"--shm-size '{size}'")

    def test_shm_size_zero_is_dockers_default(self):
        """Docker reads 0 as its default."""
        assert parse("--shm-size 0") == NO_OPTIONS

    @pytest.mark.parametrize(
        ("text", "tmpfs"),
        [
            ("/run:size=64", Tmpfs("/run", 64)),
            ("/run:size=64,rw", Tmpfs("/run", 64, ("rw",))),
            ("/run:rw,size=64m", Tmpfs("/run", 64, ("rw",))),
            ("/run/:size=1g,mode=1777", Tmpfs("/run", 1024, ("mode=1777",))),
        ],
    )
    def test_tmpfs_sizes_anywhere(self, text, tmpfs):
        """The size may stand anywhere and have a unit."""
        assert parse(f"--tmpfs {text}").tmpfs == (tmpfs,)

    @pytest.mark.parametrize(
        "text",
        [
            "/run",
            "/run:rw",
            "/run:size=",
            "/run:size=50%",
            "run:size=1",
            "/run:size=1,fast",
            "/run:size=1,mode",
            "/run:size=1,rw=2",
            "/:size=1",
            "/run:size=9k",
        ],
    )
    def test_bad_tmpfs(self, text):
        """No size, a share, an unknown option: each is a clear error."""
        assert "--tmpfs at character 1" in refused(f"--tmpfs {text}")

    def test_swap_with_a_unit_is_memory_plus_swap(self):
        """Docker's total minus the memory is what Batch wants."""
        assert parse("--memory-swap 2g", memory_mib=512).swap_mib == 1536
        assert parse("--memory-swap 512m", memory_mib=512).swap_mib == 0

    @pytest.mark.parametrize(
        ("text", "memory", "reason"),
        [
            ("2g", None, "memory is not known"),
            ("1g", 2048, "less than the memory"),
            ("-1", 1, "unlimited"),
            ("x", 1, "no size"),
        ],
    )
    def test_swap_that_cannot_be_said(self, text, memory, reason):
        """Unknown memory, a total below it, and unlimited swap are refused with the reason."""
        assert reason in refused(f"--memory-swap {text}", memory_mib=memory)

    def test_swappiness(self):
        """-1 is left out; out of range is refused; without swap it is noted as idle."""
        assert parse("--memory-swappiness -1") == NO_OPTIONS
        assert "0 to 100" in refused("--memory-swappiness 12048024")
        assert any("ignores it" in note for note in parse("--memory-swappiness 20").notes)

    def test_nothing_is_dropped_before_the_first_option(self):
        """Stray words are errors wherever they stand."""
        text = refused("image --init --ulimit nofile=1 2 3 --")
        assert text.count("belongs to no option") == 3
        assert "ends the options" in text

    def test_reserved_variables(self):
        """Names Batch, Step Functions or Headrace set are refused."""
        text = refused("-e AWS_BATCH_X=1 -e HEADRACE_Y=2 -e MANAGED_BY_AWS=x -e -it -e =x")
        assert text.count("\n") == 4

    def test_bare_variable_takes_the_declared_value(self):
        """A bare name has the declared env's value."""
        assert parse("-e A -e B", declared_env={"A": 1}).environment == (Named("A", "1"), Named("B", None))

    def test_every_problem_at_once(self):
        """Each problem names its option, its place and a way out, in order."""
        lines = refused("--network host --shm-sizee 1 -v a:/b --ulimit x=1 -u").splitlines()
        assert [line.split()[0] for line in lines] == ["--network", "--shm-sizee", "-v", "--ulimit", "-u"]
        assert "did you mean '--shm-size'" in lines[1]
        assert "character 16" in lines[1]

    @pytest.mark.parametrize(
        "text", ["-u $(id -u):$(id -g)", '-e "A=`ls`"', "-e A='x", "-e A=x\\", "-e A=\0", "-e 'A=\ud800'"]
    )
    def test_what_only_a_shell_could_do(self, text):
        """Command substitution, open quotes and characters no request carries are refused."""
        assert "character" in refused(text)

    def test_variables_stay_as_they_are(self):
        """`$NAME` is sent literally, and that is said unless it is quoted."""
        assert any("$HOME" in note for note in parse("-e A=$HOME/x").notes)
        assert parse("-e 'A=$HOME'") == parse("-e A=$HOME")
        assert parse("-e 'A=$HOME'").notes == ()


class TestMountsAndDevices:
    """Volumes, mounts, devices, GPUs, logs, labels."""

    def test_volumes(self):
        """Host paths, read-only, and docker's anonymous volume."""
        options = parse("-v /a:/b:ro --volume=/c/:/d/ -v /e -v /f:/g:rw,z")
        assert options.volumes == (Volume("/b", "/a", None, True), Volume("/d", "/c"), Volume("/e"), Volume("/g", "/f"))
        assert any("empty volume" in note for note in options.notes)

    @pytest.mark.parametrize(
        "text", ["data:/b", "./a:/b", "/a:b", "/a:/", "/a:/b:rx", "/a:/b:ro:x", "/a:/b:shared", "/../a:/b", "b", ""]
    )
    def test_bad_volumes(self, text):
        """Named, relative and propagated mounts are refused."""
        assert "-v at character 1" in refused(f"-v '{text}'")

    def test_mounts(self):
        """Bind mounts, tmpfs and anonymous volumes in docker's long form."""
        options = parse(
            '--mount type=bind,src=/a,dst=/b,readonly --mount type=bind,source=/x,target=/y,ro=false --mount "type=tmpfs,target=/t,tmpfs-size=64m,tmpfs-mode=1770"'
            " --mount target=/v"
        )
        assert options.volumes == (Volume("/b", "/a", None, True), Volume("/y", "/x"), Volume("/v"))
        assert options.tmpfs == (Tmpfs("/t", 64, ("mode=1770",)),)

    @pytest.mark.parametrize(
        "text",
        [
            "type=bind,dst=/b", "type=bind,src=a,dst=/b", "type=volume,src=x,dst=/b", "type=npipe,src=/a,dst=/b", "type=tmpfs,dst=/b",
            "type=tmpfs,dst=/b,tmpfs-size=64", "src=/a", "type=bind,src=/a,dst=/b,bind-propagation=shared", "type=bind,src=/a,dst=/b,foo=1",
            "type=bind,src=/a,dst=/b,volume-opt=x", "type=bind,src=/a,dst=/b,readonly=maybe", 'type=bind,src="/a,dst=/b', "type", "type=tmpfs,dst=/b,tmpfs-size=1m,tmpfs-mode=9",
        ],
    )  # fmt: skip
    def test_bad_mounts(self, text):
        """What Batch cannot mount is refused."""
        assert "--mount at character 1" in refused(f"--mount '{text}'")

    def test_two_mounts_at_one_path(self):
        """Docker refuses two mounts at one path, and so do we."""
        assert "two mounts at /a" in refused("-v /x:/a --tmpfs /a:size=1")

    def test_devices(self):
        """Host path alone, with permissions, with another path."""
        options = parse("--device /dev/fuse --device /dev/a:r --device /dev/b:/dev/c:mw")
        assert options.devices == (
            Device("/dev/fuse", "/dev/fuse"),
            Device("/dev/a", "/dev/a", "r"),
            Device("/dev/b", "/dev/c", "wm"),
        )

    @pytest.mark.parametrize(
        "text", ["dev", "/dev/a:rr", "/dev/a:/b:x", "/dev/a:/b:r:w", "/dev/a:", "vendor.com/gpu=0"]
    )
    def test_bad_devices(self, text):
        """Wrong permissions and CDI names are refused."""
        assert "--device at character 1" in refused(f"--device {text}")

    @pytest.mark.parametrize("text", ["2", "count=2", "count=2,driver=nvidia", "'\"capabilities=gpu\",2'"])
    def test_gpus(self, text):
        """A count however written."""
        assert parse(f"--gpus {text}").gpus == 2

    @pytest.mark.parametrize("text", ["all", "-1", "device=0", "'\"device=0,1\"'", "x", "1,capabilities=compute", "-2"])
    def test_bad_gpus(self, text):
        """`all` and devices have no number."""
        assert "a count" in refused(f"--gpus {text}")

    def test_log_and_labels(self):
        """Driver, options and labels."""
        options = parse("--log-driver splunk --log-opt splunk-url=https://x -l a=b --label c")
        assert (options.log_driver, options.log_options) == ("splunk", (Named("splunk-url", "https://x"),))
        assert options.labels == (Named("a", "b"), Named("c", ""))
        assert "no log driver" in refused("--log-driver local")
        assert "aws:" in refused("--label aws:x=y")


class TestMapsAndLists:
    """The same options as YAML."""

    def test_map_and_text_are_equal(self):
        """A map means what the text means."""
        as_map = {
            "e": ["A=1", "B"],
            "shm-size": "64m",
            "init": True,
            "privileged": False,
            "rm": None,
            "--user": 1000,
            "ulimit": {"nofile": "1:2"},
        }
        assert parse(as_map) == parse("-e A=1 -e B --shm-size 64m --init -u 1000 --ulimit nofile=1:2")
        assert parse({"env": {"A": 1, "B": None, "C": True}}) == parse("-e A=1 -e B -e C=true")

    def test_list_is_one_text_after_the_other(self):
        """Items are texts and maps."""
        assert parse(["--init", "-e A=1 -u root", {"user": "x"}]) == parse("--init -e A=1 -u x")

    @pytest.mark.parametrize(
        "source",
        [
            3,
            [3],
            [["--init"]],
            {"fish": 1},
            {"user": ["a", "b"]},
            {"user": True},
            {"user": None},
            {"tmpfs": {"/a": "size=1"}},
            {"env": {"A": [1]}},
            {"init": "maybe"},
            {"user": {}},
            {3: 4},
        ],
    )
    def test_bad_shapes(self, source):
        """What is no option in any form is refused by our own error."""
        assert refused(source)

    @pytest.mark.parametrize("source", [None, "", "   \n", {}, []])
    def test_nothing(self, source):
        """No options are no options."""
        assert parse(source) == NO_OPTIONS


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.flag)
def test_every_row_is_mapped_noted_or_refused(option):
    """Each documented option does something, says something, or is refused with its name."""
    assert option.mapped or option.note
    if option.refused:
        text = refused(
            f"--{option.flag}"
            if option.is_flag and option.harmless != ("true",)
            else f"--{option.flag}={'false' if option.is_flag else 'x'}"
        )
        assert f"--{option.flag}" in text
        assert option.reason in text
    elif not option.mapped:
        found = parse(f"--{option.flag}" if option.is_flag else f"--{option.flag}=x")
        assert found == NO_OPTIONS
        assert option.note in found.notes[0]
    for value in option.harmless:
        assert parse(f"--{option.flag}={value}") == NO_OPTIONS


FLAGS = st.sampled_from([f"--{row.flag}" for row in OPTIONS] + [f"-{row.short}" for row in OPTIONS if row.short])
VALUES = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [
            "A=1",
            "/a:/b",
            "64m",
            "nofile=1:2",
            "/run:size=3",
            "-1",
            "true",
            "=",
            "type=bind,src=/a,dst=/b",
            "'",
            '"',
            "\\",
            "$(x)",
        ]
    ),
)
TEXTS = st.lists(st.one_of(FLAGS, VALUES, st.builds("{}={}".format, FLAGS, VALUES)), max_size=8).map(" ".join)
YAML = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), VALUES),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(FLAGS, st.text(max_size=8)), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(st.one_of(st.text(max_size=60), TEXTS, YAML), st.one_of(st.none(), st.integers(4, 10**6)))
def test_nothing_but_our_own_error(source, memory_mib):
    """Whatever the options are, they are understood or refused by InvalidSpec, and what is understood prints and parses back."""
    try:
        options = parse(source, memory_mib=memory_mib)
    except InvalidSpec:
        return
    assert parse(option_text(options)) == options


NAME = st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=8).filter(
    lambda n: not n.startswith(("AWS_BATCH", "HEADRACE_", "MANAGED"))
)
FREE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
PATH = st.lists(st.text(string.ascii_letters + ":, \"'日$", min_size=1, max_size=5), min_size=1, max_size=3).map(
    lambda parts: "/" + "/".join(parts)
)
PLAIN = st.lists(st.text(string.ascii_letters, min_size=1, max_size=5), min_size=1, max_size=3).map(
    lambda parts: "/" + "/".join(parts)
)


@st.composite
def options_values(draw):
    """Options as they can come out of the parser."""
    mounts = draw(st.lists(PATH, max_size=3, unique=True))
    memory = draw(st.lists(PLAIN.map("/t{}".format), max_size=2, unique=True))
    environment = draw(st.dictionaries(NAME, st.one_of(st.none(), FREE), max_size=3))
    return ContainerOptions(
        environment=tuple(Named(name, value) for name, value in environment.items()),
        user=draw(st.sampled_from(["", "root", "1000:1000"])),
        privileged=draw(st.booleans()),
        read_only=draw(st.booleans()),
        init=draw(st.booleans()),
        ulimits=tuple(
            Ulimit(name, 1, draw(st.integers(1, 9))) for name in draw(st.sets(st.sampled_from(["core", "nofile"])))
        ),
        shm_mib=draw(st.one_of(st.none(), st.integers(1, 10**6))),
        tmpfs=tuple(
            Tmpfs(path, draw(st.integers(1, 99)), draw(st.sampled_from([(), ("ro", "mode=700")]))) for path in memory
        ),
        swap_mib=draw(st.one_of(st.none(), st.integers(0, 10**6))),
        swappiness=draw(st.one_of(st.none(), st.integers(0, 100))),
        devices=tuple(
            Device(path, path, draw(st.sampled_from(["rwm", "r"])))
            for path in draw(st.lists(PLAIN, max_size=2, unique=True))
        ),
        gpus=draw(st.integers(0, 8)),
        volumes=tuple(Volume(path, draw(st.one_of(st.just(""), PATH)), None, draw(st.booleans())) for path in mounts),
        log_driver=draw(st.sampled_from(["", "awslogs", "fluentd"])),
        log_options=tuple(Named(name, draw(FREE)) for name in draw(st.sets(NAME, max_size=2))),
        labels=tuple(Named(name, "x y") for name in draw(st.sets(NAME, max_size=2))),
    )


@given(options_values())
def test_printing_and_parsing_is_the_identity(options):
    """The canonical text of any options gives the same options again."""
    assert parse(option_text(options)) == options
    assert option_text(parse(option_text(options))) == option_text(options)


@given(NAME, FREE)
def test_equal_spellings(name, value):
    """One variable, five spellings, one meaning."""
    word = f"{name}={value}".replace("'", "'\\''")
    texts = [f"-e '{word}'", f"-e'{word}'", f"-e='{word}'", f"--env '{word}'", f"'--env={word}'"]
    assert {parse(text) for text in texts} == {parse({"env": {name: value}})}
