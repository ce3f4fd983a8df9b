"""What all tables share: one catalogue, and moments as text."""

from datetime import UTC, datetime

from sqlalchemy import Dialect, MetaData, String, TypeDecorator

metadata = MetaData()


class Moment(TypeDecorator[datetime]):
    """An aware moment as text in UTC with microseconds: it sorts as time does and reads back equal everywhere."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} names no offset from UTC and cannot be stored")
        return value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)
