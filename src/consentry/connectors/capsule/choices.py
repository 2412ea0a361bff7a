"""Values that are read from Capsule to choose from, how much is looked up at once, and the words it fixes."""

from typing import Final

from consentry.connectors.writing import Choices

IDS_AT_ONCE: Final = 10
VALUES_AT_ONCE: Final = 25
ADDRESS_TYPES: Final = ("Home", "Postal", "Office", "Billing", "Shipping")
ADDRESS_PARTS: Final = ("street", "city", "state", "zip", "country")
PHONE_TYPES: Final = ("Home", "Work", "Mobile", "Fax", "Direct")
EMAIL_TYPES: Final = ("Home", "Work")
SERVICES: Final = (
    *("URL", "LINKED_IN", "TWITTER", "FACEBOOK", "XING", "INSTAGRAM", "GITHUB", "YOUTUBE", "SKYPE", "BLUESKY"),
    *("THREADS", "TIKTOK", "PINTEREST", "SNAPCHAT", "FLICKR", "FEED", "GOOGLE_PLUS"),
)

USERS: Final = Choices(stream="users", names=("name", "username"))
TEAMS: Final = Choices(stream="teams")
MILESTONES: Final = Choices(stream="milestones", within="pipeline")
STAGES: Final = Choices(stream="stages", within="board")
LOST_REASONS: Final = Choices(stream="lost_reasons")
CATEGORIES: Final = Choices(stream="categories")
ACTIVITY_TYPES: Final = Choices(stream="activity_types")
TRACKS: Final = Choices(stream="track_definitions", names=("description",))
TITLES: Final = Choices(stream="titles", names=("title",), sends="title")
COUNTRIES: Final = Choices(stream="countries", names=("name", "alpha2Code", "alpha3Code"), sends="name")
CURRENCIES: Final = Choices(stream="currencies", names=("code", "name"), sends="code")
