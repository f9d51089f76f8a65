"""Several processes behind one port: a supervisor that starts them, watches over them, and ends when it is told to."""

from lasttenth.server.workers.orders import Orders, StandingOrders
from lasttenth.server.workers.reporting import Reporter
from lasttenth.server.workers.supervisor import Supervisor

__all__ = ["Orders", "Reporter", "StandingOrders", "Supervisor"]
