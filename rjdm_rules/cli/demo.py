"""The tour: the bundled protocol and patients, evaluated, explained, written and drawn."""

from __future__ import annotations

from pathlib import Path

import click

from ..assets import asset
from ..diagrams.render import CannotDraw
from ..evaluation.decoding import decoded
from ..loading import Protocol, load
from .printing import broken, tree_text, verdict_text, write_whole

PROTOCOL = "rjdm_cart"
SHOWN_CRITERION = "I5"


def tour(folder: Path) -> None:
    """Prints the tour and writes its pages and diagrams into `folder`. Raises OSError."""
    protocol = load(PROTOCOL)
    model = protocol.model
    tops = sum(len(block.criteria) for part in model.parts for block in part.blocks)
    click.echo(click.style(f"1. The protocol: {model.title.text}", bold=True))
    click.echo(f"   {tops} criteria over {len(model.items)} data items, checked without an error.")

    records = example_patients()
    click.echo(click.style(f"\n2. {len(records)} example patients", bold=True))
    results = [protocol.evaluate(record) for record in records]
    width = max(len(result.patient) for result in results) + 2
    for result in results:
        click.echo(f"   {result.patient:<{width}}{verdict_text(result.verdict)}")
        for _, text in result.reasons[:2]:
            click.echo(broken(f"   {'':<{width}}{text}", width + 5))

    record = next((r for r, result in zip(records, results, strict=True) if result.verdict == "ineligible"), records[0])
    explanation = protocol.explain(record)
    reason = explanation.criterion(SHOWN_CRITERION)
    click.echo(click.style(f"\n3. Why? {SHOWN_CRITERION} for {explanation.result.patient}", bold=True))
    if reason:
        click.echo(tree_text("   " + line for line in reason.lines()))

    click.echo(click.style(f"\n4. Pages and diagrams in {folder}", bold=True))
    for name, about, data in pages(protocol, record):
        write_whole(folder / name, data)
        click.echo(f"   {name:<22} {about}")
    click.echo(f"\nNext: rjdm explain {PROTOCOL} {folder / 'patients.jsonl'} --patient {explanation.result.patient}")


def example_patients() -> list[dict[str, object]]:
    text = asset("rules", "example_patients.jsonl").read_text(encoding="utf-8")
    return [decoded(line) for line in text.splitlines() if line.strip()]


def pages(protocol: Protocol, record: dict[str, object]) -> list[tuple[str, str, bytes]]:
    """Each file of the tour: name, what it is, content."""
    found = [
        ("criteria.md", "the protocol section as Markdown", protocol.render("markdown").encode()),
        ("patients.jsonl", "the example patients", asset("rules", "example_patients.jsonl").read_bytes()),
        ("form.html", "a screening form that runs the rules itself", protocol.form().encode()),
        ("overview.dot", "the whole protocol, as Graphviz source", protocol.draw(format="dot")),
    ]
    try:
        found += [
            ("criteria.html", "the protocol section with its diagrams", protocol.document().data),
            ("side_by_side.html", "each criterion with condition, examples, diagrams", side_by_side(protocol)),
            ("report.html", f"the report of {record['id']}, to be signed", protocol.report(record)),
            ("overview.svg", "the whole protocol", protocol.draw()),
            ("organs_ladder.svg", f"{SHOWN_CRITERION} as a ladder", protocol.draw(SHOWN_CRITERION, form="ladder")),
            ("organs.svg", f"the decision diagram of {SHOWN_CRITERION}", protocol.draw(SHOWN_CRITERION)),
            ("organs_patient.svg", "the same, coloured by the patient", protocol.draw(SHOWN_CRITERION, record)),
            ("organs_patient.png", "and as a picture", protocol.draw(SHOWN_CRITERION, record, "png")),
        ]
    except CannotDraw as error:
        click.echo(f"   (no diagrams: {error})", err=True)
    return found


def side_by_side(protocol: Protocol) -> bytes:
    from ..publishing.publish import Order

    return protocol.document(Order("side-by-side")).data
