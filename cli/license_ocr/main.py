"""The `license-ocr` command: the local cloud, photos in, records out."""

from __future__ import annotations

import json
import os
import signal
import tempfile
from collections import Counter
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from typer.core import TyperGroup

from license_ocr import api_server, events, reports, sandbox, uploads, view
from license_ocr import backfill as backfilling
from license_ocr import bench as benchmarks
from license_ocr import faults as faulting
from license_ocr import forget as forgetting
from license_ocr import redrive as redriving
from license_ocr import replay as replaying
from license_ocr import status as stating
from license_ocr.account import STACK, Account, Resources
from license_ocr.build import build
from license_ocr.checkout import BUILD, HOME, ROOT, SAMPLES
from license_ocr.failure import Failure
from license_ocr.items import RECORDS, Items
from license_ocr.local_cloud import LocalCloud
from license_ocr.replay import Fate
from license_ocr.steps import Steps
from license_ocr.subscriber import Subscriber, subscribed
from license_reader import vendors
from license_reader.errors import SettingsError
from license_reader.ledger import Ledger
from license_reader.license import Document, Side  # noqa: TC001 - typer reads the annotations
from license_reader.notices import Notices
from license_reader.spending import Spending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from license_ocr.items import Item
    from license_reader.ledger import Record

# What is done goes to standard error, what comes out of it to standard output.
progress = Console(stderr=True)
console = Console()


class _Commands(TyperGroup):
    """The commands; whatever they fail with that a user can mend is told without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Failure as error:
            progress.print(f"[bold red]failed:[/] {error}", highlight=False, soft_wrap=True)
        except (BotoCoreError, ClientError) as error:
            progress.print(f"[bold red]failed:[/] AWS says: {error}", highlight=False, soft_wrap=True)
        raise typer.Exit(1)


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    help="Photos of Chinese vehicle and driving licenses into normalized, checked records.",
)

bench = typer.Typer(no_args_is_help=True, help="Measure what the project does beside what else does it.")
app.add_typer(bench, name="bench")

StackName = Annotated[
    str | None, typer.Option("--stack", help="A stack on AWS; without it, the local cloud.", show_default=False)
]
# What `forget` cannot reach.
FORGOTTEN = """Out of reach:
- notices that went out: subscribers have them; a plate and a VIN are masked in them, and each links to the record
- the reader's log: it holds the object's key and version until LogRetention is over, and no field of the license
- messages that wait in the queues (4 days, then 14 as dead letters): one about this object that is read later leaves
  a record that says `object_gone`; run this again then
- the table's point-in-time backup: up to 35 days; a table that is restored from it holds the record again
- what a vendor keeps of a picture that it was sent"""

AsJson = Annotated[bool, typer.Option("--json", help="One line of JSON a record.")]


@app.command()
def up() -> None:
    """Build what is stale, start the local cloud, and deploy the stack to it."""
    with Steps(progress) as tell:
        account = _up(tell)
    progress.print(f"[green]up[/] at {account.endpoint}; next: license-ocr read PHOTO", highlight=False)


@app.command()
def down(*, purge: Annotated[bool, typer.Option("--purge", help="Remove the logs in .local as well.")] = False) -> None:
    """Stop the local cloud; what it held is gone."""
    stopped = LocalCloud(HOME).stop(purge=purge)
    progress.print("stopped" if stopped else "nothing was running")


@app.command()
def read(  # noqa: PLR0913 - one option each
    photos: Annotated[list[Path], typer.Argument(help="Pictures to upload.", exists=True, dir_okay=False)],
    *,
    document: Annotated[Document | None, typer.Option(help="What they show, if it is known.")] = None,
    side: Annotated[Side | None, typer.Option(help="Which page they show, if it is known.")] = None,
    vendor: Annotated[str | None, typer.Option(help="Whom to ask first.")] = None,
    prefix: Annotated[str, typer.Option(help="Where in the bucket they go; routes go by it.")] = "uploads/",
    timeout: Annotated[float, typer.Option(help="Seconds to wait for the records.")] = 120,
    notices: Annotated[
        bool | None, typer.Option(help="Subscribe to the topic and show what comes; on by default locally.")
    ] = None,
    as_json: AsJson = False,
    stack: StackName = None,
) -> None:
    """Upload photos and show the record of each."""
    if vendor is not None and vendor not in vendors.names():
        raise Failure(f"no vendor is called {vendor!r}; there are {', '.join(vendors.names())}")
    metadata = {"document": document, "side": side, "vendor": vendor}
    account, resources = _target(stack)
    with ExitStack() as context:
        follow = stack is None if notices is None else notices
        subscriber = context.enter_context(subscribed(account, resources.Topic)) if follow else None
        told = {name: str(value) for name, value in metadata.items() if value}
        missing = _read(account, resources, photos, prefix=prefix, metadata=told, timeout=timeout, as_json=as_json)
        if subscriber and not as_json:
            _show_notices(subscriber, wait=2 if stack else 0)
    if missing:
        raise Failure(_no_record(account, resources, missing, timeout, stack))


@app.command()
def show(
    object_: Annotated[str, typer.Argument(metavar="OBJECT", help="A key of the bucket, or its s3:// address.")],
    *,
    version: Annotated[str | None, typer.Option(help="The object's version; the latest without it.")] = None,
    as_json: AsJson = False,
    stack: StackName = None,
) -> None:
    """Show the record of an object."""
    account, resources = _target(stack)
    _print_record(uploads.record(account, resources, object_, version), as_json=as_json)


@app.command()
def status(
    *,
    at_most: Annotated[
        int, typer.Option("--records", help="Look at so many items of the table; 0 leaves the table alone.", min=0)
    ] = 10_000,
    stack: StackName = None,
) -> None:
    """Show how a stack fares: queues, records, vendors and their calls of the day, alarms."""
    account, resources = _target(stack)
    items = Items(account.dynamodb, resources.Table)
    spending = Spending(account.dynamodb, resources.Table)
    with progress.status("looking at the queues") as spinner:
        queues = stating.queues(account, resources)
        spinner.update("looking at settings and calls")
        asked = stating.vendors(spending, stating.configured(account, stack or STACK), day=spending.today())
        spinner.update("looking at the alarms")
        alarms = stating.alarms(account, stack or STACK)
    with _counting("looking at records", min(items.about(), at_most)) as looked_at:
        records = stating.records(items, at_most=at_most, tell=looked_at)
    console.print(reports.status_tables(queues, records, asked, alarms))


@app.command()
def redrive(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell the reasons, move nothing.")] = False,
    stack: StackName = None,
) -> None:
    """Tell why messages are in the dead-letter queue, and move them back into the queue."""
    account, resources = _target(stack)
    with progress.status("looking at the dead-letter queue") as spinner:
        log_group = f"/aws/lambda/{stack or STACK}-read-upload"
        dead = redriving.reasons(account, resources, log_group=log_group, tell=spinner.update)
        result = None if dry_run else redriving.redrive(account, resources, tell=spinner.update)
    if dead:
        console.print(reports.dead_table(dead))
    if result:
        console.print(f"{result.moved} moved, {result.left} left")
    else:
        console.print(f"{len(dead)} looked at, nothing moved")


@app.command()
def replay(
    prefix: Annotated[
        str, typer.Argument(metavar="[PREFIX|OBJECT]", help="Which records, by key or s3:// address; all without it.")
    ] = "",
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change, write nothing.")] = False,
    show_values: Annotated[
        bool, typer.Option("--show-values", help="Show the fields' values as well: these are people's data.")
    ] = False,
    notices: Annotated[
        bool, typer.Option(help="Send the notices that new flags ask for, where none went out before.")
    ] = True,
    stack: StackName = None,
) -> None:
    """Read the stored replies again after a mapping was mended: no vendor is called, nothing is paid.

    Only records that still stand as they were read are written; run it again after an interruption.
    """
    account, resources = _target(stack)
    items = Items(account.dynamodb, resources.Table)
    try:
        settings = stating.configured(account, stack or STACK).settings()
    except SettingsError as error:
        raise Failure(f"the settings are refused: {error}") from error
    work = replaying.Replay(
        items,
        Ledger(account.dynamodb, resources.Table),
        settings,
        _notices(account, resources) if notices else None,
        write=not dry_run,
    )
    fates: Counter[tuple[Fate, str | None]] = Counter()
    told = 0
    try:
        with _counting("reading replies again", 0 if prefix else items.about()) as looked_at:
            for replayed in work.run(_chosen(items, uploads.addressed(resources, prefix) if prefix else "", looked_at)):
                fates[replayed.fate, replayed.reason] += 1
                told += replayed.told
                if replayed.fate is Fate.CHANGED or replayed.told:
                    console.print(reports.replayed_line(replayed, values=show_values), soft_wrap=True)
    finally:
        console.print(reports.fate_table(fates))
        would = "would be " if dry_run else ""
        console.print(f"{told} notices {would}sent" + (", nothing written: a dry run" if dry_run else ""))
    if prefix and not fates:
        raise Failure(f"no record in {resources.Table} is of an object that begins with {prefix!r}")


@app.command()
def backfill(
    prefix: Annotated[
        str, typer.Argument(metavar="[PREFIX]", help="Which objects, by key or s3:// address; all without it.")
    ] = "",
    *,
    notices: Annotated[
        bool, typer.Option("--notices", help="Tell the topic of what is flagged, also of what was held back before.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before beginning.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="Stop the one that is under way.")] = False,
    stack: StackName = None,
) -> None:
    """Read what a bucket holds already and no reader has read, and report what came of it.

    It goes on in the stack if you leave; run it again to come back to it, or to take up one that was stopped.
    """
    account, resources = _target(stack)
    items = Items(account.dynamodb, resources.Table)
    run = backfilling.running(account, stack or STACK)
    if stop and run is None:
        raise Failure("no backfill is under way")
    if stop and run:
        backfilling.stop(account, run)
    else:
        address = uploads.addressed(resources, prefix)
        if not (run or yes):
            question = (
                f"Read every object of {address} that has no record, at the price of the vendors in the settings?"
            )
            typer.confirm(question, abort=True, err=True)
        run = backfilling.begin(account, stack or STACK, address, notices=notices)
    try:
        with _accounting("read or passed over") as tell:
            failed = backfilling.follow(account, run, tell)
    except KeyboardInterrupt:
        progress.print("it goes on in the stack; run this again to see how far it is, or with --stop to stop it")
        raise typer.Exit(130) from None
    with progress.status("looking at the last ones"):
        report = backfilling.report(account, resources, items, run, patience=0 if failed else 30)
    console.print(reports.backfill_table(report))
    if report.unread:
        console.print("Why, as far as it is known: license-ocr redrive --dry-run; what still waits is read later.")
    if failed:
        raise Failure(f"the backfill of {run.address} is over before its end: {failed}. Run it again to take it up")


@app.command()
def forget(
    object_: Annotated[str, typer.Argument(metavar="OBJECT", help="A key of the bucket, or its s3:// address.")],
    *,
    version: Annotated[str | None, typer.Option(help="Only this version; all of them without it.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before removing.")] = False,
    stack: StackName = None,
) -> None:
    """Remove an object's versions, its records and the marks of its pictures, for good."""
    account, resources = _target(stack)
    items = Items(account.dynamodb, resources.Table)
    address = uploads.addressed(resources, object_)
    found = forgetting.find(account, items, address, version)
    what = (
        f"{len(found.versions)} versions, {len(found.markers)} delete markers and {len(found.records)} records"
        f" of {address}" + (f", version {version}" if version else "")
    )
    if found and not yes:
        typer.confirm(f"Remove {what}, for good?", abort=True, err=True)
    with progress.status("removing") as spinner:
        gone = forgetting.forget(account, items, found, tell=spinner.update)
    console.print(
        f"removed: {gone.versions} versions, {gone.markers} delete markers, {gone.records} records, "
        f"{gone.marks} marks of pictures",
        highlight=False,
    )
    left = forgetting.find(account, items, address, version)
    if left:
        raise Failure(
            f"{address} came back while it was removed: {len(left.versions)} versions, {len(left.records)} records; "
            "an upload or a reader is at work on it, so run this again in a few minutes"
        )
    console.print(FORGOTTEN, highlight=False, soft_wrap=True)


@app.command()
def api(
    *,
    port: Annotated[
        int, typer.Option(help="Where to listen on loopback; 0 takes a free port.", max=65535, min=0)
    ] = 9001,
    secrets: Annotated[
        Path | None,
        typer.Option(
            help='JSON of whom to serve, {"embedded": {"api_key": ...}, ...}; without it, every secret is '
            "'sandbox-' and its field's name, such as sandbox-api_key.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    faults: Annotated[
        Path | None,
        typer.Option(
            help='JSON of what goes wrong, [{"fault": "throttle", "first": 2}, ...]; see docs/ocr_api.md.',
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    fetch_from: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST:PORT", help="Fetch pictures from here as well; loopback only, may be repeated."),
    ] = None,
) -> None:
    """Serve the OCR API on loopback until stopped; `ready URL` on standard output says that it does."""
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    answered = True
    with suppress(KeyboardInterrupt), ExitStack() as context:
        if fetch_from:
            api_server.fetch_from(fetch_from)
        rules = faulting.load(faults) if faults else None
        if secrets is None:
            folder = context.enter_context(tempfile.TemporaryDirectory())
            secrets = sandbox.written(sandbox.documented(), Path(folder) / "secrets.json")
        for line in sandbox.told(secrets):
            progress.print(line, markup=False, highlight=False, soft_wrap=True)
        served = api_server.server(api_server.load(secrets.resolve()), port=port, faults=rules)
        try:
            print(f"ready http://127.0.0.1:{served.server_port}", flush=True)
            served.serve_forever()
        finally:
            for stop in (signal.SIGINT, signal.SIGTERM):
                signal.signal(stop, signal.SIG_IGN)
            answered = served.stop()
    if not answered:
        os._exit(0)  # the engine aborts a process that ends in good order while a picture is being read


@app.command()
def demo(*, keep: Annotated[bool, typer.Option("--keep", help="Leave the local cloud running.")] = False) -> None:
    """Bring the local cloud up, read the sample photos, show records and messages, and take it down."""
    photos = sorted(SAMPLES.glob("*.jpg"))
    if not photos:
        raise Failure(f"there are no photos in {SAMPLES.relative_to(ROOT)}")
    cloud = LocalCloud(HOME)
    was_running = cloud.running() is not None
    try:
        with Steps(progress) as tell:
            account = _up(tell)
        resources = account.resources(STACK)
        with subscribed(account, resources.Topic) as subscriber:
            missing = _read(account, resources, photos, prefix="uploads/", metadata={}, timeout=180, as_json=False)
            _show_notices(subscriber, wait=0)
        if missing:
            raise Failure(_no_record(account, resources, missing, 180, None))
    finally:
        if not (was_running or keep):
            cloud.stop()
    if was_running or keep:
        progress.print("still up; next: license-ocr read PHOTO, or license-ocr down")


@bench.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
    options_metavar="[--help] [OPTIONS]",
)
def engine(context: typer.Context) -> None:
    """Measure the embedded engine beside RapidOCR and Tesseract; --help lists what it can be told."""
    raise typer.Exit(benchmarks.run("engine", context.args))


def _up(tell: Steps) -> Account:
    """The local cloud's account, with the stack as the working tree has it."""
    tell("building what is stale")
    with tell.aside():
        build()
    cloud = LocalCloud(HOME)
    account = cloud.start(tell).account
    cloud.deploy(STACK, build=BUILD, tell=tell)
    tell("staging the photos of events/")
    events.stage(account)
    environment = {"ReadUpload": events.environment(account, account.resources(STACK), STACK)}
    (HOME / "sam-local.json").write_text(json.dumps(environment, indent=2), encoding="utf-8")
    return account


def _target(stack: str | None) -> tuple[Account, Resources]:
    """The account and the resources of a stack on AWS or, without a name, of the local one."""
    account = Account.aws() if stack else LocalCloud(HOME).require().account
    return account, account.resources(stack or STACK)


def _bars() -> Progress:
    """Bars on standard error that are gone once they are full."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=progress, transient=True)


@contextmanager
def _counting(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error; it is told how far the work has come, of about `total` if that is known."""
    with _accounting(what) as tell:
        yield lambda done: tell(done, total)


@contextmanager
def _accounting(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error; it is told how far the work has come, and of how much as far as that is known."""
    with _bars() as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, full: bar.update(task, completed=done, total=full or None)


def _chosen(items: Items, address: str, looked_at: Callable[[int], None]) -> Iterator[Item]:
    """The items of this object or, where it has none, of all objects whose address begins so."""
    if address and (own := items.of(address)):
        looked_at(len(own))
        yield from own
        return
    count = 0
    for page in items.under(address or RECORDS):
        yield from page.items
        count += page.looked_at
        looked_at(count)


def _notices(account: Account, resources: Resources) -> Notices:
    """The topic, told of as the reader tells of it."""
    region = account.session.region_name
    return Notices(lambda: account.sns, resources.Topic, table=resources.Table, region=region)


def _read(  # noqa: PLR0913 - `read`'s own options
    account: Account,
    resources: Resources,
    photos: Sequence[Path],
    *,
    prefix: str,
    metadata: Mapping[str, str],
    timeout: float,
    as_json: bool,
) -> list[uploads.Sent]:
    """The uploads that got no record in time; the others' records are printed as they come."""
    with _bars() as bar:
        uploading = bar.add_task("uploading", total=len(photos))
        sent = []
        for photo in photos:
            sent.append(uploads.send(account, resources, photo, prefix=prefix, metadata=metadata))
            bar.advance(uploading)
        reading = bar.add_task("reading", total=len(sent))
        waiting = {(each.object, each.version): each for each in sent}
        for record in uploads.records(account, resources, sent, timeout=timeout):
            del waiting[record.object, record.version]
            bar.advance(reading)
            _print_record(record, as_json=as_json)
    return list(waiting.values())


def _no_record(
    account: Account, resources: Resources, missing: Sequence[uploads.Sent], timeout: float, stack: str | None
) -> str:
    """Which photos got no record, and where to look for the reason."""
    names = ", ".join(str(each.photo) for each in missing)
    dead = redriving.waiting(account, resources.DeadLetters)
    logs = f"CloudWatch, /aws/lambda/{stack}-read-upload" if stack else str(LocalCloud(HOME).logs["emulator"])
    return (
        f"no record after {timeout:.0f} seconds: {names}\n"
        f"the dead-letter queue holds {dead} messages; the reasons are in {logs}"
    )


def _print_record(record: Record, *, as_json: bool) -> None:
    if as_json:
        console.out(view.as_json(record), highlight=False)
    else:
        console.print(view.record_table(record))


def _show_notices(subscriber: Subscriber, *, wait: int) -> None:
    received = subscriber.receive(wait=wait)
    if received:
        console.print(view.notice_table(received))
    else:
        console.print("A subscriber of the topic received nothing: no flag was among those to publish.")
