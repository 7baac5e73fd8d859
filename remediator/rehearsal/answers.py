"""Stands in for every backend: a call gets the answer that the test gives, and nothing leaves the process.

Only what would talk to a backend is replaced (perform, resolve, happened, preview, caution, undo);
what an action declares about itself (targets, idempotent, settle, amounts …) stays as it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace
from pydantic import BaseModel, ValidationError

from remediator.actions.context import Context
from remediator.core.action import Action, Intent, Outputs, Parameters
from remediator.core.records import Phase
from remediator.core.run import RunState
from remediator.engine.work import Task
from remediator.errors import ActionError, AmbiguousError, PermanentError, TemporaryError
from remediator.rehearsal.documents import AnswerText

M = TypeVar("M", bound=BaseModel)
Given = Mapping[str, tuple[AnswerText, ...]]

_FAILURES: Mapping[str, type[ActionError]] = {
    "temporary": TemporaryError, "permanent": PermanentError, "ambiguous": AmbiguousError,
}  # fmt: skip


class Unanswered(Struct, frozen=True):
    """A call that no answer fits."""

    guide: str
    step: str  #: its id
    action: Action[Any, Any]
    phase: Phase
    arguments: Mapping[str, Any]
    given: bool  #: whether there are answers for this step, of which none holds for this call


@dataclass
class Answers:
    """The answers of one test. Times are those of the running loop, which begins with the test."""

    given: tuple[Given, ...]  #: the test's, then the file's: the first that has any for a call is asked
    unanswered: dict[tuple[str, str], Unanswered] = field(default_factory=dict)  #: by guide and step
    problems: list[str] = field(default_factory=list)  #: answers that do not fit their action
    _used: dict[int, int] = field(default_factory=dict)
    _changed: set[str] = field(default_factory=set)  #: runs that have changed something

    def stand_in(self, run: RunState, task: Task) -> Task:
        """Return the task with an action that answers as the test says."""
        return task if task.action is None else replace(task, action=_Call(self, run, task, task.action).action())

    def choose(self, call: _Call, parameters: Parameters, *, use: bool) -> AnswerText | None:
        """Return the answer for a call; ``use`` counts it. None when there is none, which is noted."""
        found = next((given[key] for given in self.given for key in call.keys if key in given), ())
        fitting = [answer for answer in found if self._fits(answer, call, parameters)]
        for answer in fitting:
            most = answer.times or (None if answer.conditional else 1)
            if most is None or self._used.get(id(answer), 0) < most:
                break
        else:
            # What was said last stays so, unless it says itself how often.
            if not fitting or fitting[-1].times is not None:
                self._note(call, parameters, given=bool(found), use=use)
                return None
            answer = fitting[-1]
        if use:
            self._used[id(answer)] = self._used.get(id(answer), 0) + 1
        return answer

    def did(self, run: str) -> None:
        """Note that a run has changed something."""
        self._changed.add(run)

    def _note(self, call: _Call, parameters: Parameters, *, given: bool, use: bool) -> None:
        if use:
            step = call.task.job.step.id
            shown = parameters.model_dump(mode="json", exclude_defaults=True)
            missing = Unanswered(call.guide, step, call.real, call.task.job.phase, shown, given)
            self.unanswered.setdefault((call.guide, step), missing)

    def _fits(self, answer: AnswerText, call: _Call, parameters: Parameters) -> bool:
        if not answer.conditional:
            return True
        at = asyncio.get_running_loop().time()
        arguments = parameters.model_dump(mode="json") if answer.arguments else {}
        return (
            (answer.from_ is None or at >= answer.from_)
            and (answer.until is None or at < answer.until)
            and (answer.changed is None or answer.changed == (call.run.id in self._changed))
            and (answer.phase is None or answer.phase == call.task.job.phase)
            and (answer.target is None or answer.target == call.run.plan.target)
            and all(arguments.get(name) == value for name, value in answer.arguments.items())
        )


class _Call:
    """One task's action with its backend replaced."""

    def __init__(self, answers: Answers, run: RunState, task: Task, real: Action[Any, Any]) -> None:
        self._answers, self.run, self.task, self.real = answers, run, task, real
        self.guide = run.plan.guide
        step = task.job.step
        self.keys = (f"{self.guide}/{step.id}", step.id, step.action)
        self._said: AnswerText | None = None

    def action(self) -> Action[Any, Any]:
        """Return the action as it is performed here; it can what the real one can."""
        real = self.real
        return replace(
            real, perform=self._perform,
            resolve=self._resolve if real.resolve else None, happened=self._happened if real.happened else None,
            preview=self._preview if real.preview else None, caution=self._caution if real.caution else None,
            undo=self._undo if real.undo else None,
        )  # fmt: skip

    async def _perform(self, parameters: Parameters, _context: Context) -> Outputs:
        answer = self._said = self._answers.choose(self, parameters, use=True)
        if answer is None:
            raise PermanentError("the test has no answer for this call")
        if answer.takes:
            await asyncio.sleep(answer.takes)
        changes = self.real.changes and self.task.job.phase in (Phase.ACT, Phase.UNDO)
        if changes and answer.happened is not False and (answer.fails is None or answer.kind == "ambiguous"):
            self._answers.did(self.run.id)
        if answer.hangs:
            await asyncio.Event().wait()
        if answer.fails is not None:
            raise _FAILURES[answer.kind](answer.fails, transport=answer.transport)
        outputs: Outputs = self._checked(self.real.outputs, answer.outputs or {}, "outputs")
        return outputs

    async def _undo(self, intent: Intent[Any], context: Context) -> Outputs:
        return await self._perform(intent.parameters, context)

    async def _resolve(self, parameters: Parameters, _context: Context) -> Intent[Any]:
        answer = self._answers.choose(self, parameters, use=False)
        if answer is None:
            return Intent(parameters, {})
        if not answer.resolved:
            return Intent(parameters, answer.before)
        # By alias and without defaults, as people write them: what relative and absolute exclude is theirs.
        written = parameters.model_dump(mode="json", exclude_defaults=True, by_alias=True)
        absolute = {name: value for name, value in {**written, **answer.resolved}.items() if value is not None}
        return Intent(self._checked(self.real.parameters, absolute, "resolved"), answer.before)

    async def _happened(self, _intent: Intent[Any], _context: Context) -> bool | None:
        return self._said.happened if self._said is not None else None

    async def _preview(self, parameters: Parameters, _context: Context) -> str:
        answer = self._answers.choose(self, parameters, use=False)
        if answer is not None and answer.phase == "preview" and answer.fails is not None:
            raise _FAILURES[answer.kind](answer.fails, transport=answer.transport)
        return answer.preview if answer is not None else ""

    async def _caution(self, parameters: Parameters, _context: Context) -> str:
        answer = self._answers.choose(self, parameters, use=False)
        return answer.caution if answer is not None else ""

    def _checked(self, model: type[M], document: Mapping[str, Any], what: str) -> M:
        try:
            return model.model_validate(document)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            step = self.task.job.step.id
            message = f'the answer for step "{step}" is none of {self.real.name}: {what}.{place}: {first["msg"]}'
            self._answers.problems.append(message)
            raise PermanentError(message) from error
