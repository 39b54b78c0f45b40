"""What can stand between a person and the store, each in plain words."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models.domain.errors import UserError


class NoStoreError(UserError):
    """There is no store in the folder."""

    def __init__(self, home: Path) -> None:
        super().__init__(f"“{home}”里还没有名册数据。请先新建，或者从备份文件恢复。")


class StoreExistsError(UserError):
    """A store is already there and must not be overwritten."""

    def __init__(self, home: Path) -> None:
        super().__init__(f"“{home}”里已经有名册数据，没有覆盖它。请直接打开，或者换一个文件夹。")


class UnitClosedError(UserError):
    """The unit was merged into another one; its store is only read."""

    def __init__(self, successor: str) -> None:
        super().__init__(f"本单位已并入“{successor}”，这里的名册只供查看，不能再办理业务。请到“{successor}”办理。")


class WrongSecretError(UserError):
    """Passphrase or code does not fit; the store itself is sound."""


class PassphraseRefusedError(UserError):
    """A new passphrase is too easy to guess; the text says why."""


class StoreLockedError(UserError):
    """Too many failures; says until when."""

    def __init__(self, name: str, until: str) -> None:
        super().__init__(f"“{name}”连续多次输错，已暂停使用到 {until}。请到时再试，或者由其他操作员打开。")


class StoreBusyError(UserError):
    """Another program has the store open, or a write took too long."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"名册正被{holder}打开，同一时间只能打开一次。请先在那边关闭，再试一次。")


class DamagedStoreError(UserError):
    """The encrypted file is damaged although the secret fits."""

    def __init__(self, where: str = "数据文件") -> None:
        super().__init__(f"{where}已损坏，口令没有问题。请不要再写入，用最近一份备份恢复。")


class DamagedKeysError(UserError):
    """keys.json (and its copy) cannot be used, so no secret can be tried at all."""

    def __init__(self, home: Path) -> None:
        super().__init__(f"“{home}”里的密钥文件 keys.json 已损坏或缺失，无法验证口令。请用最近一份备份恢复。")


class NewerStoreError(UserError):
    """The store was written by a newer program."""

    def __init__(self, what: str = "名册数据") -> None:
        super().__init__(f"{what}是更新版本的程序写的，本程序没有改动它。请安装新版程序后再打开。")


class ReadOnlyError(UserError):
    """The store was opened for reading only (decision 11)."""

    def __init__(self) -> None:
        super().__init__("当前是免口令的只读打开，不能修改。请先输入口令解锁。")


class DiskFullError(UserError):
    """No room left; nothing was half-written."""

    def __init__(self) -> None:
        super().__init__("磁盘空间不足，这一步没有写入，原有数据不受影响。请清出空间后再试。")


@contextmanager
def disk_errors() -> Iterator[None]:
    """Turn the system's "no space left" into its sentence."""
    try:
        yield
    except OSError as fault:
        if fault.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError from None
        raise
