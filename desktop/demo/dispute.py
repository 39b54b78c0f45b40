"""An ID number held twice in two counties: asked, answered, confirmed, decided, changed, closed (E9)."""

from __future__ import annotations

from desktop.demo.story import approve
from desktop.demo.world import DOWN, SIDES, World, kept, named, registrar, right_number, rosters
from desktop.selftest import picture
from models.domain.problems import Claim
from models.domain.units import Role
from models.services import changes, problem_answers
from models.services.problem_views import ProblemQuery, get_problem, list_problems
from models.store.store import Store
from sync.problems import acts as problems


def _problem(store: Store) -> str:
    return store.read(list_problems, ProblemQuery())[0].id


def ask(world: World) -> None:
    """The city has found one number in two counties and asks."""
    with world.at("city", Role.REGISTRAR) as store:
        found = store.read(get_problem, _problem(store))
        asked = problems.ask(store, registrar("city"))
    sides = [f"{one.unit_name}  {one.label}（主管：{one.bureau_name}）" for one in found.sides]
    world.go(*DOWN[1:])
    world.step(
        "市局汇总时发现：同一个身份证号在两个县各有一人，下发核实",
        f"问题 {found.summary.number}，{found.summary.kind_label}", *sides, f"答复期限 {asked.due}",
    )  # fmt: skip


def answer(world: World) -> None:
    """Both schools answer, both counties confirm."""
    said = []
    for unit, bureau, claim, opinion in (
        ("green_first", "green", Claim.KEEP, "与户口簿一致"),
        ("white_school", "white", Claim.CHANGE, "核对户口簿，录入时抄错"),
    ):
        with world.at(unit, Role.REGISTRAR) as store:
            proof = kept(world, f"{named(unit)}户口簿.png", picture(unit))
            files = [(proof.name, proof.data)]
            done = problems.answer(store, registrar(unit), _problem(store), claim, opinion, files=files)
            said.append(f"{done.unit_name}答复：{opinion}")
        world.go(unit, bureau)
        with world.at(bureau, Role.REGISTRAR) as store:
            problems.confirm(store, registrar(bureau), [_problem(store)], None, "同意学校意见")
            said.append(f"{named(bureau)}确认并上报")
        world.go(bureau)
    world.go("city")
    with world.at("city", Role.REGISTRAR) as store:
        turn = store.read(get_problem, _problem(store)).summary.turn
    world.step("两校答复并附证明，两县确认", *said, f"现在等待：{turn}")


def decide(world: World) -> None:
    """The city decides, the loser changes, the problem closes where the change arrives."""
    with world.at("city", Role.REGISTRAR) as store:
        sides = store.read(get_problem, _problem(store)).sides
        wrong = world.ids["white_school"]
        outcomes = {one.position: Claim.CHANGE if one.unit_id == wrong else Claim.KEEP for one in sides}
        problems.decide(store, registrar("city"), _problem(store), outcomes, "青禾县材料与户籍一致")
    world.go(*DOWN[1:])
    unit = "white_school"
    with world.at(unit, Role.REGISTRAR) as store:
        wanted = {"id_number": right_number(rosters()[0])}
        number = store.write(problem_answers.start_change, store.actor, _problem(store), wanted, "按裁定更正")
        change_id = store.read(changes.get, number).summary.id
        proof = kept(world, "更正证明.png", picture("corrected"))
        store.write(changes.attach, store.actor, change_id, proof.name, proof.data, proof.media_type)
        store.write(changes.submit, store.actor, change_id)
    approve(world, unit, change_id)
    world.build(unit)
    world.go("white", "city", "province")
    world.go(*DOWN)
    states = []
    for key in ("city", "green", "white", *SIDES):
        with world.at(key, Role.REGISTRAR) as store:
            one = store.read(get_problem, _problem(store))
            states.append(f"{named(key)}：{one.summary.state_label}，{one.closed_note}")
    world.step("市局裁定：青禾县保留、白石县变更；白石县中心小学更正号码，变更上报后问题自动办结", *states)
