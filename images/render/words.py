"""Turns what people write (digits, dates, times, amounts) into words that can be spoken.

Everything that is left over and is not a known word fails later, in `mandarin` and `english`:
a prompt with a silent hole in it never gets rendered.
"""

import re

ZH_DIGITS = "零一二三四五六七八九"
EN_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
).split()
EN_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
EN_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth",
    "nine": "ninth", "twelve": "twelfth",
}
EN_MONTHS = (
    "January February March April May June July August September October November December"
).split()


def zh_number(n: int) -> str:
    """Writes 0..9999 as it is read as a quantity: 105 -> 一百零五, 12 -> 十二."""
    if not 0 <= n <= 9999:
        raise ValueError(f"number {n} is not within 0..9999: write it in words")
    if n == 0:
        return "零"
    out, zero = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = n // unit % 10
        if digit == 0:
            zero = bool(out)
            continue
        said = "两" if digit == 2 and unit >= 100 else ZH_DIGITS[digit]
        out += ("零" if zero else "") + said + name
        zero = False
    return out.removeprefix("一") if 10 <= n <= 19 else out


def zh_digits(digits: str) -> str:
    """Reads a number one digit at a time, as telephone numbers are: 1 is said 幺."""
    return "".join("幺" if d == "1" else ZH_DIGITS[int(d)] for d in digits)


def en_number(n: int) -> str:
    """Writes 0..9999 in British order: 105 -> one hundred and five."""
    if not 0 <= n <= 9999:
        raise ValueError(f"number {n} is not within 0..9999: write it in words")
    if n < 20:
        return EN_UNITS[n]
    if n < 100:
        tens = EN_TENS[n // 10 - 2]
        return tens if n % 10 == 0 else f"{tens} {EN_UNITS[n % 10]}"
    if n < 1000:
        rest = n % 100
        return f"{EN_UNITS[n // 100]} hundred" + (f" and {en_number(rest)}" if rest else "")
    rest = n % 1000
    joint = " and " if 0 < rest < 100 else " "
    return f"{EN_UNITS[n // 1000]} thousand" + (joint + en_number(rest) if rest else "")


def en_ordinal(n: int) -> str:
    """21 -> twenty first."""
    *front, last = en_number(n).split()
    last = EN_ORDINALS.get(last) or (last[:-1] + "ieth" if last.endswith("y") else last + "th")
    return " ".join([*front, last])


def zh_words(text: str) -> str:
    """Replaces digits, dates, times and amounts in a Mandarin text by characters."""

    def clock(m):
        hour, minute = int(m[1]), int(m[2])
        said = ("两" if hour == 2 else zh_number(hour)) + "点"
        if minute == 0:
            return said
        if minute == 30:
            return said + "半"
        return said + ("零" if minute < 10 else "") + zh_number(minute) + "分"

    def amount(m):
        said = zh_number(int(m[1])) + "元"
        cents = m[2] or ""
        if cents.strip("0"):
            tenth, hundredth = int(cents[0]), int(cents[1])
            said += ZH_DIGITS[tenth] + ("角" if tenth else "")
            said += ZH_DIGITS[hundredth] + "分" if hundredth else ""
        return said

    rules = [
        (r"(?<=\d),(?=\d{3}\b)", ""),
        (r"(\d{4})年", lambda m: "".join(ZH_DIGITS[int(d)] for d in m[1]) + "年"),
        (r"(\d{1,2})[:：](\d{2})", clock),
        (r"[¥￥](\d+)(?:\.(\d{2}))?", amount),
        (r"(\d+(?:\.\d+)?)%", r"百分之\1"),
        (r"(?<=拨打)\d+|(?<=电话)\d+|(?<=热线)\d+|\b0\d+|\d{5,}", lambda m: zh_digits(m[0])),
        (r"(\d+)\.(\d+)", lambda m: zh_number(int(m[1])) + "点" + "".join(ZH_DIGITS[int(d)] for d in m[2])),
        (r"\d+", lambda m: zh_number(int(m[0]))),
    ]
    for pattern, said in rules:
        text = re.sub(pattern, said, text)
    return text


def en_words(text: str) -> str:
    """Replaces digits, dates, times and amounts in an English text by words."""

    def clock(m):
        hour, minute, half = int(m[1]), int(m[2]), m[3]
        said = en_number(hour)
        if minute:
            said += (" oh " if minute < 10 else " ") + en_number(minute)
        elif not half:
            said += " o'clock"
        return said + (f" {half[0].upper()} M" if half else "")

    months = "|".join(EN_MONTHS)
    one_by_one = lambda m: " ".join(EN_UNITS[int(d)] for d in m[0])
    rules = [
        (r"(?<=\d),(?=\d{3}\b)", ""),
        (rf"\b({months}) (\d{{1,2}})\b", lambda m: f"{m[1]} {en_ordinal(int(m[2]))}"),
        (r"\b(\d{1,2}):(\d{2})(?:\s*([ap])\.?m\b\.?)?", clock),
        (r"\b(\d+)(?:st|nd|rd|th)\b", lambda m: en_ordinal(int(m[1]))),
        (r"%", " percent"),
        (r"(?<=call )\d+|(?<=dial )\d+|\b0\d+|\d{5,}", one_by_one),
        (r"(\d+)\.(\d+)", lambda m: en_number(int(m[1])) + " point " + " ".join(EN_UNITS[int(d)] for d in m[2])),
        (r"\d+", lambda m: en_number(int(m[0]))),
    ]
    for pattern, said in rules:
        text = re.sub(pattern, said, text)
    return text
