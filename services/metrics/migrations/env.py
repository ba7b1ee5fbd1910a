from services.metrics.main import define
from shared.migrations import run_environment
from shared.settings import Settings

run_environment(define(Settings()).spine.metadata)
