"""Files of text that a person wrote."""

from pinnlite.errors import FileError


def read_text_file(path: str, most: int) -> str:
    """The text in a file of at most so many bytes, which may be a pipe.

    Raises:
        FileError: it is not there, cannot be read, is too long, or is no text in UTF-8.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(most + 1)
        text = data.decode("utf-8-sig")
    except FileNotFoundError:
        raise FileError(f"there is no file {path}") from None
    except UnicodeDecodeError:
        raise FileError(f"{path} is no text in UTF-8") from None
    except (OSError, ValueError) as error:
        raise FileError(f"{path} cannot be read: {error}") from None
    if len(data) > most:
        raise FileError(f"{path} holds more than {most:,} bytes")
    return text
