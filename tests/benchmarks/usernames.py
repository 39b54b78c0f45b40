"""User names a second against pypinyin's plain reading of the same names, in the same run (performance.md)."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable

from models.rules.naming import propose_all

_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜"
    "戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
_GIVEN = (
    "明国华建文平志伟东海强晓生光林小民永杰军波成荣新峰刚家龙德庆斌辉良玉俊立浩天宏子金健一忠洪江福祥中正振勇耀春"
    "大宁亮宇兴宝少剑云学仁涛瑞飞鹏安亚泽世汉达卫利胜敏群松克清长嘉红山贤阳乐锋智青跃元武广思雄锦威启昌铭维义宗英"
    "凯鸿森超坚旭政传康继翔栋权奇礼楠炜友年震鑫雷兵万星骏伦绍麟雨行才希彦兆贵源有景升惠臣慧开章润高佳虎根诚夫声冬"
    "梓涵浩然欣怡诗琪雨桐子轩宇航思远雅静丽娜芳秀英淑兰桂珍玲艳红梅燕霞娟萍莉倩婷婧悦瑶琳璐雪莹颖洁珊妍曼晨曦媛"
)
_NAMES = 50_000
_ROUNDS = 5


def names(count: int = _NAMES, seed: int = 20261122) -> list[str]:
    """`count` invented names, nearly all different, one in five with a given name of one character."""
    chance = random.Random(seed)
    return [
        chance.choice(_SURNAMES) + "".join(chance.choices(_GIVEN, k=1 if chance.random() < 0.2 else 2))
        for _ in range(count)
    ]


def _best(work: Callable[[], object]) -> float:
    """Shortest of some rounds in seconds; garbage of the others is out of the way."""
    times = []
    for _ in range(_ROUNDS):
        gc.collect()
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def run() -> str:
    """One line with both rates and their ratio (goal: at least ten)."""
    from pypinyin import lazy_pinyin

    batch = names()
    propose_all(batch[:100], "cz")
    lazy_pinyin(batch[0])
    ours = _best(lambda: propose_all(batch, "cz"))
    peer = _best(lambda: ["".join(lazy_pinyin(name)) for name in batch])
    return (
        f"user names: {len(batch) / ours:,.0f}/s; pypinyin.lazy_pinyin {len(batch) / peer:,.0f}/s; "
        f"ratio {peer / ours:.1f} (goal 10)"
    )


if __name__ == "__main__":
    print(run())
