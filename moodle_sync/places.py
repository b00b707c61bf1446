from django.db.models import F, Func, TextField, Value
from django.db.models.functions import Lower, NullIf

ACCENTED, PLAIN = (
    "ÀÁÂÃÄÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝàáâãäçèéêëìíîïñòóôõöùúûüý",
    "AAAAACEEEEIIIINOOOOOUUUUYaaaaaceeeeiiiinooooouuuuy",
)


def city_key(prefix: str = "") -> NullIf:
    """To sort by city as people do: «Évreux» stands among the E. NULL: it is not told."""
    plain = Func(F(f"{prefix}city"), Value(ACCENTED), Value(PLAIN), function="translate")
    return NullIf(Lower(plain), Value(""), output_field=TextField())
