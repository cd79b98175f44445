"""AWS that answers from a table: operation → answer, error, or a function of the request. Requests and answers are held against
botocore's own models, so nothing is asked or answered that AWS would not understand.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.session import get_session
from botocore.validate import ParamValidator

Answer = Mapping[str, Any] | Exception | Callable[[dict[str, Any]], Mapping[str, Any]]
_SESSION = get_session()


def refused(code: str, message: str = "no", **headers: str) -> ClientError:
    """An error as AWS gives it."""
    said = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPHeaders": headers}}
    return ClientError(said, "Operation")


@dataclass
class CannedAws:
    """Stands where a `Target` stands: has clients, a region, and a stack's name. `asked` lists the operations."""

    answers: Mapping[str, Answer]
    region: str = "eu-west-1"
    stack: str = "headrace"
    is_local: bool = False
    asked: list[str] = field(default_factory=list)

    @property
    def session(self) -> Any:
        """What knows the regions."""
        return SimpleNamespace(
            get_available_regions=lambda _service: ["eu-west-1", "us-east-1"], region_name=self.region
        )

    def client(self, service: str) -> Any:
        """A client of the table."""
        return _Client(self, service)


@dataclass
class _Client:
    aws: CannedAws
    service: str

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]:
        model = _SESSION.get_service_model(self.service)
        names = {xform_name(name): name for name in model.operation_names}
        shapes = model.operation_model(names[operation])

        def call(**request: Any) -> dict[str, Any]:
            self.aws.asked.append(operation)
            _check(request, shapes.input_shape, f"{operation}'s request")
            answer = self.aws.answers[operation]
            if callable(answer):
                answer = answer(request)
            if isinstance(answer, Exception):
                raise answer
            told = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
            _check(told, shapes.output_shape, f"{operation}'s answer")
            return dict(answer)

        return call

    def get_paginator(self, operation: str) -> Any:
        """One page."""

        def paginate(**request: Any) -> Iterator[dict[str, Any]]:
            yield getattr(self, operation)(**request)

        return SimpleNamespace(paginate=paginate)


def _check(value: Mapping[str, Any], shape: Any, what: str) -> None:
    report = ParamValidator().validate(value, shape)
    # What an answer must have the models say only loosely; a field they do not know is what is looked for.
    assert not report.has_errors(), f"{what}: {report.generate_report()}"
