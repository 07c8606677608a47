"""The data dictionary as a Questionnaire of HL7 FHIR R5, with the questions that only matter after another answer.

Extensions are those of the FHIR Extensions Pack (hl7.org/fhir/extensions) and, for the range of a quantity, of
Structured Data Capture (hl7.org/fhir/uv/sdc). Units are UCUM codes. Nothing is required: what is not known is left out.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from ..documents.questions import asked_elsewhere, questions_of, units_for
from ..evaluation.results import Evaluator
from ..language.syntax import Text
from ..protocol.model import Block, Criterion, Item, Option, Part
from ..theme import BUNDLED, Theme
from ..units.ucum import ucum_code
from ..words.phrases import Words
from ..words.pieces import criterion_marker, without_direction
from .enabling import Closing, closings

Json = dict[str, Any]
STRUCTURE = "http://hl7.org/fhir/StructureDefinition/"
CAPTURE = "http://hl7.org/fhir/uv/sdc/StructureDefinition/"
UCUM = "http://unitsofmeasure.org"
ITEM_CONTROL = "http://hl7.org/fhir/questionnaire-item-control"
SYSTEMS = {
    "LOINC": "http://loinc.org",
    "SNOMED": "http://snomed.info/sct",
    "SNOMEDCT": "http://snomed.info/sct",
    "SCT": "http://snomed.info/sct",
    "ICD10": "http://hl7.org/fhir/sid/icd-10",
    "ICD10CM": "http://hl7.org/fhir/sid/icd-10-cm",
    "ATC": "http://www.whocc.no/atc",
    "RXNORM": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "UNII": "http://fdasis.nlm.nih.gov",
    "MEDDRA": "https://www.meddra.org",
    "NCIT": "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl",
    "HPO": "http://human-phenotype-ontology.org",
}
OWN_PARTS = ("occurrence", "ongoing")  # of the groups of occurrences
NONE, NONE_NAME = "none", "none_of_these"  # the code of “none of these”, and what it is where an option is called none


def questionnaire(evaluator: Evaluator, language: str = "en", theme: Theme = BUNDLED) -> Json:
    """The questions of a protocol under the readings of the evaluator, grouped by criterion: a Questionnaire (R5).

    The `linkId` of a question is the name of its item; below it stand `NAME.uln`, and of an event `NAME.occurrence`
    with `NAME.date`, `NAME.until` and its attributes. `language` is that of the texts; Chinese ones go along as
    translations where the rules have them.
    """
    return _Making(evaluator, language, theme).questionnaire()


class _Making:
    def __init__(self, evaluator: Evaluator, language: str, theme: Theme) -> None:
        self.protocol, self.graph = evaluator.protocol, evaluator.graph
        self.words = Words(self.protocol, evaluator.readings, language, theme)
        self.terms: Mapping[str, Any] = self.words.terms["form"]
        self.asked = questions_of(self.graph, evaluator.readings)
        self.others = asked_elsewhere(self.graph, evaluator.readings)
        order = [name for names in self.asked.values() for name in names]
        self.closed = closings(self.graph, evaluator.readings, order)

    def questionnaire(self) -> Json:
        protocol = self.protocol
        groups = [group for part in protocol.parts for group in self.part(part)]
        if self.others:
            items = [self.question(protocol.items[name]) for name in self.others]
            groups.append({"linkId": "other-data", "text": self.terms["other_data"], "type": "group", "item": items})
        name = re.sub(r"[^A-Za-z0-9_]", "_", protocol.id)
        return {
            "resourceType": "Questionnaire",
            "language": "zh-CN" if self.words.language == "zh" else "en",
            "url": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'rjdm-rules:{protocol.id}')}",
            "version": protocol.version or "1",
            "name": name[:255] if re.match(r"[A-Z]\w", name) else f"Q_{name}"[:255],
            **self.text("title", protocol.title),
            "status": "draft",
            "subjectType": ["Patient"],
            "item": groups,
        }

    # ---- groups

    def part(self, part: Part) -> list[Json]:
        made = [self.block(block, part) for block in part.blocks]
        blocks = [each for each in made if each["item"]]  # a group without questions is none in FHIR
        if part.name is None or not blocks:
            return blocks
        title = self.text("text", part.title) if part.title else {"text": part.name}
        return [{"linkId": f"part-{part.name}", **title, "type": "group", "item": blocks}]

    def block(self, block: Block, part: Part) -> Json:
        heading = str(self.words.terms["headings"][block.kind])
        link = f"{part.name}-{block.kind}" if part.name else f"all-{block.kind}"
        groups = [self.criterion(each) for each in block.criteria if self.has_questions(each)]
        return {"linkId": link, "text": heading, "type": "group", "item": groups}

    def has_questions(self, criterion: Criterion) -> bool:
        return any(self.asked[each.id] for each in criterion.walk())

    def criterion(self, criterion: Criterion) -> Json:
        below = [self.criterion(child) for child in criterion.children if self.has_questions(child)]
        own = [self.question(self.protocol.items[name]) for name in self.asked[criterion.id]]
        marker = "" if criterion.marker in "-−" else criterion_marker(criterion)
        sentence = self.text("text", criterion.sentence) if criterion.sentence else {"text": criterion.name or "–"}
        prefix = {"prefix": marker} if marker else {}
        return {"linkId": f"criterion-{criterion.id}", **prefix, **sentence, "type": "group", "item": [*below, *own]}

    # ---- questions

    def question(self, item: Item) -> Json:
        found: Json = {"linkId": item.name, **self.codes(item), **self.text("text", item.ask or item.label)}
        found |= self.enabled(self.closed.get(item.name, ()))
        below = [*self.notes(item)]
        if item.kind == "event":
            found |= {"type": "boolean"}
            below.append(self.occurrence(item))
        else:
            found |= self.shape(item)
            below += [self.limit(item, limit) for limit in item.limits]
        return {**found, **({"item": below} if below else {})}

    def shape(self, item: Item) -> Json:
        """Type, options, unit and range of an item or attribute."""
        match item.kind:
            case "truth":
                return {"type": "boolean"}
            case "one of":
                return {"type": "coding", "answerConstraint": "optionsOnly", "answerOption": self.options(item)}
            case "several of":
                none: Json = {"valueCoding": {"code": self.none_of(item), "display": self.terms["none_of_these"]}}
                none["extension"] = [{"url": STRUCTURE + "questionnaire-optionExclusive", "valueBoolean": True}]
                options = [*self.options(item), none]
                return {
                    "type": "coding",
                    "repeats": True,
                    "answerConstraint": "optionsOnly",
                    "answerOption": options,
                }
            case "date":
                return {"type": "date"}
            case "time":
                return {"type": "dateTime"}
            case "quantity" if item.unit is not None and item.unit.text:
                return self.quantity(item)
        kind = "integer" if item.kind == "count" else "decimal"
        value = "valueInteger" if kind == "integer" else "valueDecimal"
        ends = [("minValue", item.span.low), ("maxValue", item.span.high)] if item.span else []
        limits = [{"url": STRUCTURE + name, value: plain(end)} for name, end in ends]
        return {"type": kind, **({"extension": limits} if limits else {})}

    def quantity(self, item: Item) -> Json:
        found = [
            {
                "url": STRUCTURE + "questionnaire-unitOption",
                "valueCoding": {"system": UCUM, "code": ucum_code(unit), "display": self.words.unit(unit) or unit},
            }
            for unit in units_for(item)
        ]
        assert item.unit is not None
        ends = [("minQuantity", item.span.low), ("maxQuantity", item.span.high)] if item.span else []
        unit = {"unit": self.words.unit(item.unit.text), "system": UCUM, "code": ucum_code(item.unit.text)}
        found += [
            {"url": f"{CAPTURE}sdc-questionnaire-{name}", "valueQuantity": {"value": plain(end), **unit}}
            for name, end in ends
        ]
        return {"extension": found, "type": "quantity"}

    def limit(self, item: Item, limit: str) -> Json:
        kind = self.quantity(item) if item.unit is not None and item.unit.text else {"type": "decimal"}
        kind = {**kind, "extension": kind.get("extension", [])[: len(units_for(item))]}
        if not kind["extension"]:
            del kind["extension"]
        return {"linkId": f"{item.name}.{limit.lower()}", "text": self.terms[limit.lower()], **kind}

    def occurrence(self, item: Item) -> Json:
        """The occurrences of an event, each a group of its own; they are asked for where it happened."""
        name = item.name
        parts: list[Json] = [
            {"linkId": f"{name}.date", "text": self.terms["from" if item.course else "date"], "type": "date"}
        ]
        if item.course:
            parts += [
                {"linkId": f"{name}.until", "text": self.terms["until"], "type": "date"},
                {"linkId": f"{name}.ongoing", "text": self.terms["ongoing"], "type": "boolean"},
            ]
        for attribute in item.attributes:
            link = f"{name}.attribute.{attribute.name}" if attribute.name in OWN_PARTS else f"{name}.{attribute.name}"
            inner = {"linkId": link, **self.codes(attribute)}
            parts.append({**inner, **self.text("text", attribute.label), **self.shape(attribute)})
            parts += [
                {**self.limit(attribute, limit), "linkId": f"{link}.{limit.lower()}"} for limit in attribute.limits
            ]
        when = {"question": name, "operator": "=", "answerBoolean": True}
        return {
            "linkId": f"{name}.occurrence",
            **self.text("text", item.label),
            "type": "group",
            "repeats": True,
            "enableWhen": [when],
            "item": parts,
        }

    def enabled(self, closing: Iterable[Closing]) -> Json:
        """The question stays open while none of the answers that close it is given, so that it is open too where
        nothing has been answered yet."""
        found = [
            {"question": each.item, "operator": "!=", **self.answer(self.protocol.items[each.item], each.answer)}
            for each in closing
        ]
        if not found:
            return {}
        return {"enableWhen": found, **({"enableBehavior": "all"} if len(found) > 1 else {})}

    def answer(self, item: Item, answer: bool | str) -> Json:
        if isinstance(answer, bool):
            return {"answerBoolean": answer}
        if item.kind == "event":
            return {"answerBoolean": False}
        return {"answerCoding": {"code": answer}}

    # ---- pieces

    def none_of(self, item: Item) -> str:
        return NONE_NAME if NONE in item.option_names else NONE

    def options(self, item: Item) -> list[Json]:
        return [{"valueCoding": {"code": each.name, **self.display(each)}} for each in item.options]

    def display(self, option: Option) -> Json:
        if option.label is None:
            return {"display": self.words.option(option)}
        return self.text("display", option.label)

    def codes(self, item: Item) -> Json:
        found: list[Json] = []
        for system, code in item.codes:
            known = SYSTEMS.get(re.sub(r"[^A-Z0-9]", "", system.upper()))
            found.append({**({"system": known} if known else {}), "code": code.strip()})
        return {"code": found} if found else {}

    def notes(self, item: Item) -> list[Json]:
        control = {"coding": [{"system": ITEM_CONTROL, "code": "help"}]}
        return [
            {
                "extension": [{"url": STRUCTURE + "questionnaire-itemControl", "valueCodeableConcept": control}],
                "linkId": f"{item.name}.note-{number}",
                **self.text("text", note),
                "type": "display",
            }
            for number, note in enumerate(item.notes, 1)
        ]

    def text(self, name: str, text: Text) -> Json:
        """A text, with its translation into Chinese (or, in a Chinese questionnaire, into English)."""
        shown = without_direction(self.words.said(text))
        if not text.zh:
            return {name: shown}
        other, language = (text.zh, "zh-CN") if self.words.language == "en" else (text.text, "en")
        parts = [{"url": "lang", "valueCode": language}, {"url": "content", "valueString": without_direction(other)}]
        return {name: shown, f"_{name}": {"extension": [{"url": STRUCTURE + "translation", "extension": parts}]}}


def plain(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)
