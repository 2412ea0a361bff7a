"""Destinations and rows of the rooms, as a desk shows them."""

from consentry.desk.destination_contract import (
    ChangeView,
    DestinationView,
    FieldErrorView,
    ManualWriteView,
    MappedView,
    PreviewView,
    RowColumnView,
    RowsView,
    RowView,
    SuggestionView,
    TrialView,
    TriedRowView,
    UploadView,
)
from consentry.desk.flow_views import show_run, show_schedule, show_totals, show_trouble
from consentry.flows import Advice, Columns, Destination, ManualWrite, Preview, RowResult, RowsSpec, Trial, Upload


def show_destination(destination: Destination) -> DestinationView:
    """Return a destination as everybody may see it."""
    return DestinationView(
        id=destination.id,
        name=destination.name,
        connector=destination.connector,
        credential_id=destination.credential_id,
        credential_name=destination.credential_name,
        template=destination.template,
        rows=_rows(destination.rows),
        mapping={name: MappedView(column=each.column, value=each.value) for name, each in destination.mapping.items()},
        match_on=destination.match_on,
        nested=destination.nested,
        clear_with_null=destination.clear_with_null,
        stop_after_refusals=destination.stop_after_refusals,
        keep_answers=destination.keep_answers,
        dataset=destination.dataset,
        manual=_manual(destination.manual),
        schedule=show_schedule(destination.schedule),
        is_active=destination.is_active,
        next_run_at=destination.next_run_at,
        created_by=destination.created_by,
        created_at=destination.created_at,
        updated_at=destination.updated_at,
        last_run=show_run(destination.last_run) if destination.last_run else None,
    )


def show_row(row: RowResult) -> RowView:
    """Return a row with its outcome."""
    return RowView(
        row=row.row,
        key=row.key,
        outcome=row.outcome.value if row.outcome else None,
        record_id=row.record_id,
        changes=tuple(ChangeView(field=each.field, old=each.old, new=each.new) for each in row.changes),
        errors=tuple(FieldErrorView(field=each.field, message=each.message) for each in row.errors),
        values=dict(row.values),
    )


def show_preview(preview: Preview) -> PreviewView:
    """Return what a run would do."""
    return PreviewView(
        counts=show_totals(preview.counts),
        rows=tuple(show_row(each) for each in preview.rows),
        total=preview.total,
        looked_at=preview.looked_at,
    )


def show_advice(advice: Advice) -> SuggestionView:
    """Return which column could fill which field."""
    return SuggestionView(
        columns=_columns(advice.columns),
        rows=tuple(dict(row.values) for row in advice.columns.rows),
        faults=advice.columns.faults,
        mapping={name: MappedView(column=each.column, value=each.value) for name, each in advice.mapping.items()},
    )


def show_trial(trial: Trial) -> TrialView:
    """Return whether a destination can work."""
    return TrialView(
        status=trial.status,
        detail=trial.detail,
        hint=trial.hint,
        columns=_columns(trial.columns) if trial.columns else (),
        rows=tuple(
            TriedRowView(
                row=each.row,
                values=dict(each.values),
                mapped=dict(each.mapped),
                errors=tuple(FieldErrorView(field=wrong.field, message=wrong.message) for wrong in each.errors),
            )
            for each in trial.rows
        ),
        faults=trial.columns.about.faults if trial.columns else (),
        error=show_trouble(trial.trouble),
    )


def show_upload(upload: Upload) -> UploadView:
    """Return a file that was uploaded."""
    return UploadView(id=upload.id, name=upload.name, size=upload.size, file=upload.file, created_at=upload.created_at)


def _rows(rows: RowsSpec) -> RowsView:
    return RowsView(
        table=rows.table,
        sql=rows.sql,
        file=rows.file,
        inline=None if rows.inline is None else tuple(dict(row) for row in rows.inline),
        source_id=rows.source_id,
    )


def _manual(manual: ManualWrite | None) -> ManualWriteView | None:
    if manual is None:
        return None
    return ManualWriteView(method=manual.method, path=manual.path, body=manual.body)


def _columns(columns: Columns) -> tuple[RowColumnView, ...]:
    return tuple(RowColumnView(name=each.name, guess=each.guess) for each in columns.columns)
