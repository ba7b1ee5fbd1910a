"""What comes out of taking answer sheets."""

from pydantic import BaseModel

from services.satisfaction.populations.schemas import FlawView


class SheetsView(BaseModel):
    """Of `rows` rows `taken` were taken and `refused` were not; `errors` are the first thousand flaws. `digest` is the
    SHA-256 of the file. Then how far the campaign is: `answered` of `invited`."""

    rows: int
    taken: int
    refused: int
    errors: tuple[FlawView, ...]
    digest: str
    invited: int
    answered: int
