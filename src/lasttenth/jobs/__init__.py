"""Work in the background: functions by name, the runner that runs them, and the times of schedules."""

from lasttenth.jobs.functions import Context, Function, Functions
from lasttenth.jobs.runner import Runner, RunnerSettings
from lasttenth.jobs.times import at_times, first_due

__all__ = ["Context", "Function", "Functions", "Runner", "RunnerSettings", "at_times", "first_due"]
