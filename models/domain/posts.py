"""Who may have a quality-monitoring account, and how many of each post (S0 一; A3, A4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from models.domain.units import Tier

CLAUSE: Final = "冀电大校字〔2020〕45号第一部分（A3）"
FILING_CLAUSE: Final = "冀电大校字〔2020〕45号第一部分（A4）"
TIER_WORDS: Final = {Tier.PROVINCE: "省校", Tier.CITY: "市校", Tier.COUNTY: "县校", Tier.SCHOOL: "教学点"}


@dataclass(frozen=True)
class Post:
    """A post that gives a right to a monitoring account; `quota` accounts at most in a unit, None for any number."""

    tier: Tier
    label: str
    quota: int | None = None


POSTS: Final[tuple[Post, ...]] = (
    Post(Tier.PROVINCE, "教学部门负责人"),
    Post(Tier.PROVINCE, "教务部门负责人"),
    Post(Tier.PROVINCE, "办学部门负责人"),
    Post(Tier.PROVINCE, "教学及教学管理相关的处级干部"),
    Post(Tier.CITY, "质量保证委员会成员"),
    Post(Tier.CITY, "主管教学校长", 1),
    Post(Tier.CITY, "教学部门负责人", 1),
    Post(Tier.COUNTY, "主管教学校长", 1),
)
"""A post is named by its words, as in the notice and in annex 1."""


def posts_of(tier: Tier) -> tuple[Post, ...]:
    """The posts of a tier; none for a school (A3)."""
    return tuple(post for post in POSTS if post.tier is tier)


def find_post(tier: Tier, label: str) -> Post | None:
    """The post of that name at a tier; None for one that gives no right to an account."""
    return next((post for post in posts_of(tier) if post.label == label), None)


def post_fault(tier: Tier, label: str) -> str | None:
    """Why nobody of that post can have an account, with the clause; None when it is a post of the tier (A3)."""
    if find_post(tier, label) is not None:
        return None
    allowed = "、".join(post_text(post) for post in posts_of(tier)) or "没有"
    return (
        f"岗位“{label}”不能开通质量监控账户：{CLAUSE}规定该类账户仅限于对规定人员开通，"
        f"{TIER_WORDS[tier]}的岗位是：{allowed}"
    )


def quota_fault(post: Post, held: int) -> str | None:
    """Why a unit where `held` others have the post cannot have one more, with the clause; None when it can (A3)."""
    if post.quota is None or held < post.quota:
        return None
    return (
        f"岗位“{post.label}”的质量监控账户名额已满：{CLAUSE}规定{TIER_WORDS[post.tier]}{post.label} {post.quota} 位，"
        f"现已有 {held} 位。请先停用或变动原来的账户"
    )


def post_text(post: Post) -> str:
    """A post with its quota in words."""
    return f"{post.label}（{post.quota} 位）" if post.quota else post.label
