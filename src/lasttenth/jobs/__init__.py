"""Work in the background: functions by name, the runner that runs them, and the times of schedules."""

from lasttenth.jobs.functions import Context, Functions
from lasttenth.jobs.runner import Runner, RunnerSettings
from lasttenth.jobs.times import first_due

__all__ = ["Context", "Functions", "Runner", "RunnerSettings", "first_due"]
