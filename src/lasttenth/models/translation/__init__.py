"""Translation from one wire protocol into another: only across, never within one."""
