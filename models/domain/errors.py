"""The errors a person can do something about; anything else is a bug."""

from __future__ import annotations

import errno

_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_REASONS = (
    (errno.EIO, "读写出错，请检查 U 盘或硬盘是否插好、是否损坏"),
    (errno.ENODEV, "设备不见了，请重新插好 U 盘"),
    (errno.ENOTDIR, "这条路径中间有一段不是文件夹，请核对路径"),
    (errno.EEXIST, "已经有同名的文件，请换一个名字"),
    (errno.ENAMETOOLONG, "文件名或路径太长，请改短一些"),
    (errno.ELOOP, "这个快捷方式指回自己，请换一个位置"),
    (errno.EMFILE, "打开的文件太多，请关闭其他程序后重试"),
)


class UserError(Exception):
    """A fault whose text says what is wrong, where, and what to do, in Chinese."""

    exit_code = 2


class FileRefusedError(UserError):
    """A file (spreadsheet, package, evidence ...) that was read and refused; nothing was written."""

    exit_code = 1


class DataFaultError(UserError):
    """The act was carried out as far as the data allowed; the data has faults that stand in the text."""

    exit_code = 1


class NotAllowedError(UserError):
    """The person's role or part in the matter forbids the act (E1-E3, E13)."""


class CancelledError(UserError):
    """The person stopped a long work; nothing of it was kept."""

    def __init__(self) -> None:
        super().__init__("已取消，没有写入任何内容。")


def system_sentence(error: OSError) -> str:
    """What a fault of the file system means and what to do, for every place that shows one."""
    where = f"：{error.filename}" if error.filename else ""
    if error.errno in _FULL:
        return f"磁盘已满{where}。请腾出空间后重试，没有写入不完整的内容。"
    if isinstance(error, FileNotFoundError):
        return f"找不到文件{where}。请确认文件没有被移走或 U 盘没有拔出。"
    if error.errno == errno.EROFS:
        return f"这个位置只能读、不能写{where}。请解除写保护，或换一个位置。"
    if isinstance(error, PermissionError):
        return f"没有权限，或文件正被别的程序打开{where}。请关闭它后重试。"
    if isinstance(error, IsADirectoryError):
        return f"这是文件夹，需要的是文件{where}。"
    for number, reason in _REASONS:
        if error.errno == number:
            return f"{reason}{where}。"
    return f"系统不能完成这个操作（系统错误 {error.errno or type(error).__name__}）{where}。请重试。"
