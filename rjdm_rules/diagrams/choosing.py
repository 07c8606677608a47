"""Which diagram is asked for."""

from __future__ import annotations

from graphviz import Digraph

from ..language.diagnostics import did_you_mean
from ..protocol.model import Escalation, Scheme
from .data_map import data_map
from .decision import criterion_diagram
from .escalation import escalation_diagram
from .ladder import ladder_diagram
from .overview import overview_diagram
from .sheet import Sheet

OF_CRITERIA, OF_PROTOCOLS = ("decision", "ladder"), ("overview", "map", "escalation")
FORMS = (*OF_CRITERIA, *OF_PROTOCOLS)


def diagram(sheet: Sheet, form: str | None, subject: str | None) -> Digraph:
    """The diagram of a form; `subject` is a criterion, or with `escalation` the name of a scheme.

    Raises UnknownCriterion, ValueError for a form that does not fit its subject.
    """
    form = form or ("decision" if subject else "overview")
    if form not in FORMS:
        raise ValueError(f"there is no form `{form}`; write {', '.join(FORMS)}")
    if form == "escalation":
        return escalation_diagram(sheet, *_scheme(sheet, subject))
    if form in OF_CRITERIA and subject is None:
        raise ValueError(f"a {form} diagram shows one criterion; name it, as in I3")
    if form in OF_PROTOCOLS and subject is not None:
        raise ValueError(f"the {form} shows the whole protocol; leave {subject} out")
    if subject is None:
        return data_map(sheet) if form == "map" else overview_diagram(sheet)
    return ladder_diagram(sheet, subject) if form == "ladder" else criterion_diagram(sheet, subject)


def _scheme(sheet: Sheet, wanted: str | None) -> tuple[Escalation, Scheme]:
    """The scheme of a name, or `escalation.scheme` where several escalations have one of that name; the first of an
    escalation that is named, or the only one."""
    escalations = sheet.protocol.escalations
    schemes = {f"{each.name}.{scheme.name}": (each, scheme) for each in escalations for scheme in each.schemes}
    if not schemes:
        raise ValueError("this protocol has no escalation with a decision table")
    fitting = [
        (each, scheme)
        for name, (each, scheme) in schemes.items()
        if wanted in (None, name, scheme.name) or (wanted == each.name and scheme is each.schemes[0])
    ]
    if len({each.name for each, _ in fitting}) > 1:
        what = f"several schemes are called `{wanted}`" if wanted else "there are several escalations"
        raise ValueError(f"{what}; name one of {', '.join(schemes)}")
    if not fitting:
        named = [*(each.name for each in escalations), *schemes, *(name.partition(".")[2] for name in schemes)]
        help = did_you_mean(str(wanted), named) or "they are " + ", ".join(schemes)
        raise ValueError(f"there is no scheme `{wanted}`; {help}")
    return fitting[0]
