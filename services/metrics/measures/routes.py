"""REST of measures."""

from typing import Annotated

from fastapi import Depends, Path, Query

from services.metrics.measures import repository, service
from services.metrics.measures.formulas import CLAUSE, FORMULAS
from services.metrics.measures.schemas import Aspect, DefinitionView, FormulaView, MeasureBody, MeasureView, ScopeBody
from shared.auth import Principal, Role, Staff, require
from shared.fields import Key
from shared.http import Reading, Writing, router

routes = router("measures")

MeasureKey = Annotated[Key, Path(description="A measure's key, for example sla_attainment.")]
ScopeQuery = Annotated[
    str,
    Query(max_length=700, description="'all', or dimension=value (service=mail), or up to three of these with commas."),
]
NO_NUL = r"^[^\x00]*$"
ProcessQuery = Annotated[
    str | None,
    Query(max_length=200, pattern=NO_NUL, description="An ITIL process or the service desk, as measures name it."),
]
Definer = Annotated[Principal, Depends(require(Role.PROCESS_OWNER, Role.QUALITY_MANAGER, Role.ADMINISTRATOR))]


@routes.get("/formulas")
async def list_formulas(_caller: Staff) -> list[FormulaView]:
    """The named formulas that measures are made of."""
    return [
        FormulaView(
            key=formula.key,
            title=formula.title,
            data_kind=formula.data_kind,
            unit=formula.unit,
            parameters={name: list(values) for name, values in formula.choices.items()},
            dimensions=list(formula.dimensions),
        )
        for formula in FORMULAS.values()
        if formula.key != CLAUSE
    ]


@routes.get("/measures")
async def list_measures(
    session: Reading,
    _caller: Staff,
    process: ProcessQuery = None,
    aspect: Annotated[Aspect | None, Query()] = None,
    owner: Annotated[str | None, Query(max_length=200, pattern=NO_NUL)] = None,
) -> list[MeasureView]:
    """Every measure, by key; or those of one process, aspect or owner."""
    rows = await repository.list_measures(session, process=process, aspect=aspect, owner=owner)
    return [MeasureView.model_validate(row) for row in rows]


@routes.get("/measures/{key}")
async def get_measure(key: MeasureKey, session: Reading, _caller: Staff) -> MeasureView:
    """One measure's definition."""
    return MeasureView.model_validate(await service.find_measure(session, key))


@routes.put("/measures/{key}")
async def put_measure(key: MeasureKey, body: MeasureBody, session: Writing, _caller: Definer) -> MeasureView:
    """Define a measure, or give it a new version (R23); its periods are computed again."""
    return MeasureView.model_validate(await service.define_measure(session, key, body))


@routes.get("/measures/{key}/definitions")
async def list_definitions(key: MeasureKey, session: Reading, _caller: Staff) -> list[DefinitionView]:
    """Every version of the definition, oldest first."""
    await service.find_measure(session, key)
    return [DefinitionView.model_validate(row) for row in await repository.list_definitions(session, key)]


@routes.get("/measures/{key}/scopes")
async def list_scopes(key: MeasureKey, session: Reading, _caller: Staff) -> list[str]:
    """The scopes that somebody asked to observe; those of the measure's dimensions come with their data."""
    await service.find_measure(session, key)
    return await repository.list_scopes(session, key)


@routes.post("/measures/{key}/scopes", status_code=201)
async def keep_scope(key: MeasureKey, body: ScopeBody, session: Writing, _caller: Definer) -> list[str]:
    """Observe a scope from now on, its past periods too."""
    await service.keep_scope(session, key, body.scope)
    return await repository.list_scopes(session, key)


@routes.delete("/measures/{key}/scopes", status_code=204)
async def drop_scope(key: MeasureKey, session: Writing, _caller: Definer, scope: ScopeQuery) -> None:
    """Observe a scope no more; what was observed stays."""
    await service.drop_scope(session, key, scope)
