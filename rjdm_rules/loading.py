"""The public door to a protocol: load one, evaluate patients, explain, render and draw."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .language.diagnostics import WARNING, Diagnostic, RulesError, did_you_mean, in_order
from .language.source import Place, Source
from .protocol.check import Checked, check_source
from .protocol.libraries import UnreadableFile, bundled_names, library_path, read_source
from .protocol.model import Item
from .protocol.model import Protocol as Model
from .theme import BUNDLED, Theme

if TYPE_CHECKING:
    from .evaluation.results import Evaluator, Explanation, Result
    from .graph.build import RuleGraph
    from .publishing.publish import Order, Published
    from .screening.screen import Screening


def find(name: str) -> tuple[Path, str]:
    """The file that a path or the name of a bundled protocol means, and how to show it. Raises UnreadableFile."""
    path = Path(name)
    if path.suffix == ".rules" or path.is_file():
        return path, name
    bundled = library_path(name, None) if name.replace("_", "").isalnum() else None
    if bundled is None and path.exists():
        return path, name  # a folder, which reading it says
    if bundled is None:
        help = did_you_mean(name, bundled_names()) or "bundled are " + ", ".join(bundled_names())
        raise UnreadableFile(f"{name}: there is no such file, and no bundled protocol of this name; {help}")
    return bundled, f"{name}.rules"


def check(name: str) -> Checked:
    """Reads and checks a file or bundled protocol; all findings are in the result. Raises UnreadableFile."""
    path, shown = find(name)
    return with_examples(check_source(read_source(path, shown), path.parent))


def load(name: str | Path) -> Protocol:
    """A checked protocol from a path or the name of a bundled one (`rjdm_cart`).

    Raises RulesError (with all findings) for a file with errors, UnreadableFile for one that cannot be read.
    """
    checked = check(str(name))
    return _made(checked)


def loads(text: str, name: str = "protocol.rules", folder: Path | None = None) -> Protocol:
    """A checked protocol from a text. `folder` is where `use` looks first. Raises RulesError."""
    return _made(with_examples(check_source(Source(name, text), folder)))


def with_examples(checked: Checked) -> Checked:
    """The same, with errors where an example holds what no patient record may."""
    if checked.protocol is None or not checked.protocol.examples:
        return checked
    from .evaluation.problems import RecordError
    from .evaluation.records import read_record

    problems: list[Diagnostic] = []
    looked_at: set[Place | None] = set()  # examples that are like another share its values: each is read once
    for example in checked.protocol.examples:
        fresh = {k: v for k, v in example.record.items() if example.places.get(k) not in looked_at or k == "id"}
        looked_at.update(example.places[name] for name in fresh if name in example.places)
        try:
            read_record(checked.protocol, fresh)
        except RecordError as error:
            for each in error.problems:
                place = example.places.get(each.item or "", example.place)
                message = f"the example `{example.name}`: {each.item}: {each.message}"
                item = checked.protocol.items.get(each.item or "")
                help = in_rules_words(each.help) if "{" not in each.help else example_form(item)
                problems.append(Diagnostic("R806", in_rules_words(message), place, help))
    if not problems:
        return checked
    return Checked(None, in_order([*checked.diagnostics, *problems]), checked.known)


def in_rules_words(text: str) -> str:
    """A message about a record as one about an example, where yes and no are written so and dates without quotes."""
    plain = re.sub(r'"(\d{4}[\dT:-]*)"', r"`\1`", text)
    return re.sub(r"\btrue\b", "yes", re.sub(r"\bfalse\b", "no", plain))


def example_form(item: Item | None) -> str:
    """How an example writes occurrences."""
    if item is None or item.kind != "event":
        return "write it as in `45 U/L (ULN 40 U/L)`"
    if item.repeated:
        unit = item.attributes[0].unit
        return (
            f"write `none`, or each value with its date, as in `2026-02-20 (value 1{' ' + unit.text if unit else ''})`"
        )
    held = f" ({item.attributes[0].name} …)" if item.attributes else ""
    return f"write `none`, `yes`, or dates, as in `2026-02-25{held}`"


def _made(checked: Checked) -> Protocol:
    if checked.protocol is None:
        raise RulesError(checked.diagnostics)
    return Protocol(checked.protocol, tuple(checked.diagnostics))


@dataclass(frozen=True)
class Protocol:
    """A checked protocol, ready for use. `model` is what the file says; `findings` what checking had to say of it:
    warnings, and remarks of less weight."""

    model: Model
    findings: tuple[Diagnostic, ...] = ()
    _evaluators: dict[tuple[tuple[str, str], ...], Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """The findings that speak of something probably not meant."""
        return tuple(each for each in self.findings if each.severity == WARNING)

    @cached_property
    def graph(self) -> RuleGraph:
        """The rule graph (networkx)."""
        from .graph.build import build_graph

        return build_graph(self.model)

    def evaluator(self, readings: Mapping[str, str] | None = None) -> Evaluator:
        """An evaluator under a choice of readings. Raises UnknownReading."""
        from .evaluation.results import Evaluator

        key = tuple(sorted((readings or {}).items()))
        if key not in self._evaluators:
            self._evaluators[key] = Evaluator(self.graph, dict(readings or {}))
        found: Evaluator = self._evaluators[key]
        return found

    def evaluate(self, record: Mapping[str, Any], readings: Mapping[str, str] | None = None) -> Result:
        """Verdict, outcomes, deciding facts and reasons for one patient. Raises RecordError for a bad record."""
        return self.evaluator(readings).evaluate(record)

    def evaluate_many(
        self, records: Iterable[Mapping[str, Any]], readings: Mapping[str, str] | None = None
    ) -> Iterator[Result]:
        """The results of many patients, one after the other. Raises RecordError at the first bad record."""
        evaluator = self.evaluator(readings)
        for position, record in enumerate(records, 1):
            yield evaluator.evaluate(record, position)

    def screen(
        self,
        population: Any,
        readings: Mapping[str, str] | None = None,
        allow_extra: bool = False,
        bad_values: str = "refuse",
        mapping: str | Path | None = None,
        long: Sequence[str | Path] = (),
        what_if: Sequence[str] = (),
        curves: Sequence[str] = (),
        by: Sequence[str] = (),
    ) -> Screening:
        """A population, ready to be screened: `.frame()` gives verdicts and outcomes (a Polars frame), `.write(folder)`
        writes them, `.summary()` what they come to. It is the path of a Parquet or CSV file or of a folder of them, or
        a frame of Polars, pandas or Arrow, with a row a patient. `bad_values` says whether values that cannot be used
        are refused or taken as unknown ("unknown"); `mapping` is a mapping file, `long` are tables of occurrences.
        `what_if`, `curves` and `by` are written as on the command line. It needs the extra `screen`. Raises
        PopulationError."""
        from .screening.asking import asked
        from .screening.opening import population_of
        from .screening.screen import Screening

        for name, several in (("long", long), ("what_if", what_if), ("curves", curves), ("by", by)):
            if isinstance(several, str):
                raise TypeError(f"{name} is a list: write {name}=[{several!r}]")
        source = population_of(population, self.model, Path(mapping) if mapping else None, long)
        more = asked(self.model, what_if, curves, by)
        return Screening(self.evaluator(readings), source, allow_extra, bad_values, **more)

    def explain(self, record: Mapping[str, Any], readings: Mapping[str, str] | None = None) -> Explanation:
        """The tree of reasons for one patient. Raises RecordError."""
        return self.evaluator(readings).explain(record)

    def render(self, format: str = "markdown", readings: Mapping[str, str] | None = None) -> str:
        """The eligibility section as `markdown` or `html`, without diagrams; see `document` for all there is."""
        from .documents.section import render_section

        return render_section(self.graph, format, readings)

    def document(self, order: Order | None = None, readings: Mapping[str, str] | None = None, **more: Any) -> Published:
        """A finished document with its diagrams: by default the protocol section as HTML (see Order).

        Raises CannotDraw, CannotWriteWord (Word needs the extra `word`), ThemeError.
        """
        from .publishing.publish import Order, publish

        return publish(self.evaluator(readings), order or Order(), **more)

    def report(
        self,
        record: Mapping[str, Any],
        order: Order | None = None,
        readings: Mapping[str, str] | None = None,
        **more: Any,
    ) -> bytes:
        """The report of one patient, by default as HTML (`Order("patient", "word")` for Word): verdict, outcomes with
        the facts behind them, what is missing, coloured diagrams, and room to sign. `more` are `allow_extra` and
        `progress`, as for `publish`. Raises RecordError, CannotDraw, CannotWriteWord, ThemeError."""
        from .publishing.publish import Order, publish

        return publish(self.evaluator(readings), order or Order("patient"), record=record, **more).data

    def form(self, language: str = "en", readings: Mapping[str, str] | None = None, theme: Theme = BUNDLED) -> str:
        """The screening form: an HTML page that works without a network and runs the rules itself. What it saves,
        `evaluate` takes (its key `record`). Raises UnknownReading, ThemeError, and ValueError for a library."""
        from .forms.page import form_page

        return form_page(self.evaluator(readings), language, theme)

    def draw(
        self,
        criterion: str | None = None,
        record: Mapping[str, Any] | None = None,
        format: str = "svg",
        readings: Mapping[str, str] | None = None,
        direction: str | None = None,
        form: str | None = None,
        language: str = "en",
        theme: Theme = BUNDLED,
    ) -> bytes:
        """A diagram as svg, png, pdf or dot: of the whole protocol (`form` overview, or map: which data feed which
        criteria; escalation: a scheme, `criterion` naming one of several), or of one criterion (decision or ladder).
        An overview reads top to bottom (`TB`) or left to right (`LR`). With a record it is coloured by outcome.
        Raises UnknownCriterion, RecordError, ValueError for a form that does not fit, ThemeError, CannotDraw.
        """
        from .diagrams.choosing import diagram
        from .diagrams.render import drawn
        from .diagrams.sheet import Drawn, Sheet
        from .evaluation.problems import patient_id

        evaluator = self.evaluator(readings)
        whose = Drawn(patient_id(record, 1), evaluator.node_truths(record)) if record is not None else None
        sheet = Sheet(self.graph, evaluator.readings, whose, language, theme, direction or "TB")
        return drawn(diagram(sheet, form, criterion), format)


__all__ = ["Protocol", "RulesError", "UnreadableFile", "check", "find", "load", "loads"]
