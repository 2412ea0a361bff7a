"""The currencies that amounts may be in."""

from typing import Final

_ROWS: Final = (
    ("AED", "AED", "UAE Dirham", "UAE dirhams"),
    ("AUD", "A$", "Australian Dollar", "Australian dollars"),
    ("BRL", "R$", "Brazilian Real", "Brazilian reals"),
    ("CAD", "CA$", "Canadian Dollar", "Canadian dollars"),
    ("CHF", "CHF", "Swiss Franc", "Swiss francs"),
    ("CNY", "CN¥", "Chinese Yuan", "Chinese yuan"),
    ("CZK", "Kč", "Czech Koruna", "Czech korunas"),
    ("DKK", "kr", "Danish Krone", "Danish kroner"),
    ("EUR", "€", "Euro", "euros"),
    ("GBP", "£", "British Pound", "British pounds"),
    ("HKD", "HK$", "Hong Kong Dollar", "Hong Kong dollars"),
    ("INR", "₹", "Indian Rupee", "Indian rupees"),
    ("JPY", "¥", "Japanese Yen", "Japanese yen"),
    ("KRW", "₩", "South Korean Won", "South Korean won"),
    ("KWD", "KD", None, None),
    ("MXN", "MX$", "Mexican Peso", "Mexican pesos"),
    ("NGN", "₦", "Nigerian Naira", "Nigerian nairas"),
    ("NOK", "kr", "Norwegian Krone", "Norwegian kroner"),
    ("NZD", "NZ$", "New Zealand Dollar", "New Zealand dollars"),
    ("PLN", "zł", "Polish Zloty", "Polish zlotys"),
    ("SEK", "kr", "Swedish Krona", "Swedish kronor"),
    ("SGD", "S$", "Singapore Dollar", "Singapore dollars"),
    ("TRY", "₺", "Turkish Lira", "Turkish lira"),
    ("UAH", "₴", "Ukrainian Hryvnia", "Ukrainian hryvnias"),
    ("USD", "$", "US Dollar", "US dollars"),
    ("ZAR", "R", "South African Rand", "South African rand"),
)


def _currency(code: str, symbol: str, name: str | None, plural: str | None) -> dict[str, str]:
    # Capsule leaves the names out where it has none.
    values = {"code": code, "symbol": symbol, "name": name, "pluralName": plural}
    return {key: value for key, value in values.items() if value is not None}


CURRENCIES: Final = tuple(_currency(*row) for row in _ROWS)
