"""The contracts: what the services tell one another. Past tense, frozen, additive only."""
