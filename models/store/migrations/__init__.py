"""The store's schema in numbered revisions, run by Alembic without any configuration file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text

from models.store.errors import NewerStoreError

REVISIONS = ("0001", "0002", "0003")
"""All revisions this program knows, oldest first; a test holds it to the files in `versions`."""
_FOLDER = Path(__file__).parent


def revision_of(connection: Connection) -> str:
    """Revision of the store, empty for a new file; raises NewerStoreError for one this program does not know."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    found = str(connection.scalar(text("SELECT version_num FROM alembic_version")) or "")
    if found and found not in REVISIONS:
        raise NewerStoreError
    return found


def upgrade(connection: Connection, target: str = "head", folder: Path = _FOLDER) -> None:
    """Bring the store to `target` inside the transaction of `connection`: all of it or nothing.

    `folder` holds `versions/`; beside this module unless a test brings its own.
    """
    # Imported here: a start of the program with nothing to migrate does not pay for it.
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    script = ScriptDirectory.from_config(config)

    def steps(revision: Any, _context: Any) -> Any:
        return script._upgrade_revs(target, revision)

    with EnvironmentContext(config, script, fn=steps, destination_rev=target) as environment:
        environment.configure(connection=connection, transactional_ddl=False)
        environment.run_migrations()
