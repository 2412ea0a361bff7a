"""Invented, repeatable records for the accounts of the sandbox."""

from zlib import crc32

from consentry.core.ids import SeededRandomness
from consentry.sandbox.accounts import Account
from consentry.sandbox.seed.crm import Attachment, Crm, Ids, Job, Sizes, name_of
from consentry.sandbox.seed.deals import sow_deals
from consentry.sandbox.seed.draw import Draw
from consentry.sandbox.seed.parties import sow_parties
from consentry.sandbox.seed.settings import sow_settings
from consentry.sandbox.seed.work import sow_work

__all__ = ["Attachment", "Crm", "Job", "Sizes", "build", "name_of"]


def build(account: Account, *, seed: int, sizes: Sizes) -> Crm:
    """Make the records of an account; equal arguments give equal records."""
    crm = Crm({"url": account.url, "subdomain": account.subdomain, "name": account.name}, Ids(account.first_id))
    lots = SeededRandomness(crc32(f"{seed} {account.subdomain}".encode()))
    draw = Draw(account=account, crm=crm, lots=lots)
    sow_settings(draw)
    if account.empty:
        return crm
    parties = sow_parties(draw, sizes.parties)
    deals = sow_deals(draw, parties, opportunities=sizes.opportunities, projects=sizes.projects)
    sow_work(draw, parties, deals, tasks=sizes.tasks, entries=sizes.entries)
    return crm
