#include "text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "failure.hpp"

namespace pb = pybuffer;

namespace tool {

// ---- characters -----------------------------------------------------------------------------------------------------------

namespace {

/** The length of the UTF-8 character that bytes start with, 0 if they do not; `character` is what it stands for. */
std::size_t utf8_length(const char *bytes, std::size_t count, char32_t &character)
{
    const auto first = static_cast<unsigned char>(*bytes);
    if (first < 0x80) {
        character = first;
        return 1;
    }
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || length > count) return 0;
    character = first & (0x7fu >> length);
    for (std::size_t i = 1; i < length; i++) {
        const auto next = static_cast<unsigned char>(bytes[i]);
        if ((next & 0xc0) != 0x80) return 0;
        character = character << 6 | (next & 0x3fu);
    }
    constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool is_surrogate = character >= 0xd800 && character < 0xe000;
    return character < least[length] || is_surrogate || character > 0x10ffff ? 0 : length;
}

std::string utf8(char32_t character)
{
    std::string bytes;
    const auto add = [&bytes](char32_t byte) { bytes += static_cast<char>(static_cast<unsigned char>(byte)); };
    if (character < 0x80) {
        add(character);
    } else if (character < 0x800) {
        add(0xc0 | character >> 6);
        add(0x80 | (character & 0x3f));
    } else {
        if (character < 0x10000) {
            add(0xe0 | character >> 12);
        } else {
            add(0xf0 | character >> 18);
            add(0x80 | (character >> 12 & 0x3f));
        }
        add(0x80 | (character >> 6 & 0x3f));
        add(0x80 | (character & 0x3f));
    }
    return bytes;
}

/** Control characters, among them those that change the direction of text. */
bool is_control(char32_t character)
{
    return character < 0x20 || (character >= 0x7f && character < 0xa0) || (character >= 0x200b && character <= 0x200f) ||
           (character >= 0x2028 && character <= 0x202e) || (character >= 0x2060 && character <= 0x206f) ||
           character == 0xfeff;
}

std::string escape(char32_t character)
{
    char text[16];
    switch (character) {
    case '\n': return "\\n";
    case '\t': return "\\t";
    case '\r': return "\\r";
    default: break;
    }
    std::snprintf(text, sizeof text, character < 0x100 ? "\\x%02x" : character < 0x10000 ? "\\u%04x" : "\\U%08x",
                  static_cast<unsigned>(character));
    return text;
}

/** A character of a string in quotes. */
std::string quoted(char32_t character)
{
    if (character == '\'' || character == '\\') return std::string("\\") + static_cast<char>(character);
    const bool is_none = character > 0x10ffff || (character >= 0xd800 && character < 0xe000);
    return is_control(character) || is_none ? escape(character) : utf8(character);
}

} // namespace

std::string printable(const std::string &bytes)
{
    std::string text;
    for (std::size_t at = 0; at < bytes.size();) {
        char32_t character = 0;
        const std::size_t length = utf8_length(bytes.data() + at, bytes.size() - at, character);
        if (length == 0) {
            text += escape(static_cast<unsigned char>(bytes[at]));
        } else if (is_control(character)) {
            text += escape(character);
        } else {
            text.append(bytes, at, length);
        }
        at += std::max<std::size_t>(length, 1);
    }
    return text;
}

std::size_t width_of(const std::string &text)
{
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; }));
}

std::string grouped(Py_ssize_t number)
{
    std::string digits = std::to_string(number);
    const std::size_t first = digits[0] == '-' ? 1 : 0;
    for (std::size_t at = digits.size(); at > first + 3;) digits.insert(at -= 3, ",");
    return digits;
}

std::string counted(Py_ssize_t number, const std::string &what)
{
    return grouped(number) + " " + what + (number == 1 || number == -1 ? "" : "s");
}

std::string tuple_text(const Py_ssize_t *numbers, std::size_t count)
{
    std::string text = "(";
    for (std::size_t i = 0; i < count; i++) {
        text += (i > 0 ? ", " : "") + std::to_string(numbers[i]);
    }
    return text + (count == 1 ? ",)" : ")");
}

// ---- values ---------------------------------------------------------------------------------------------------------------

namespace {

/** The fewest digits that lead back to the number, as Python writes them. */
template <class T> std::string shortest(T number)
{
    if (std::isnan(number)) return "nan";
    if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
    char text[400];
    const T size = std::abs(number);
    const bool is_plain = size == 0 || (size >= static_cast<T>(1e-4) && size < static_cast<T>(1e16));
    const auto end = std::to_chars(text, text + sizeof text, number,
                                   is_plain ? std::chars_format::fixed : std::chars_format::scientific);
    std::string digits(text, end.ptr);
    if (is_plain && digits.find('.') == std::string::npos) digits += ".0";
    return digits;
}

std::string real_text(const pybuffer_value &value, Py_ssize_t bytes)
{
    if (value.kind == PYBUFFER_KIND_LONG_DOUBLE) {
        long double number = 0;
        static_assert(sizeof number <= sizeof value.as.long_double, "a long double fits");
        std::memcpy(&number, value.as.long_double, sizeof number);
        return shortest(number);
    }
    if (bytes == 2) {
        // Five digits lead back to a number of 11 bits, and fewer may.
        char text[32];
        for (int digits = 1; digits <= 5; digits++) {
            std::snprintf(text, sizeof text, "%.*g", digits, value.as.real);
            const double read = std::strtod(text, nullptr);
            // Half an ulp of 11 bits.
            if (std::abs(read - value.as.real) <= std::ldexp(std::max(std::abs(value.as.real), 6.2e-5), -12)) break;
        }
        return std::isfinite(value.as.real) ? shortest(std::strtod(text, nullptr)) : shortest(value.as.real);
    }
    return bytes == 4 ? shortest(static_cast<float>(value.as.real)) : shortest(value.as.real);
}

std::string hexadecimal(const pybuffer_bytes &bytes)
{
    std::string text;
    char digits[4];
    for (Py_ssize_t i = 0; i < bytes.length; i++) {
        std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(bytes.start[i]));
        text += digits;
    }
    return text;
}

/** Bytes as Python writes them, until there are `most` characters; NULs at the end are left out, as NumPy does, unless all of them
 * mean something, or are too many to look at for a few characters. */
std::string bytes_text(const pybuffer_bytes &bytes, bool all, std::size_t most)
{
    Py_ssize_t length = bytes.length;
    all = all || length / 256 > static_cast<Py_ssize_t>(most);
    while (!all && length > 0 && bytes.start[length - 1] == '\0') length--;
    std::string text = "b'";
    for (Py_ssize_t i = 0; i < length && text.size() < most; i++) {
        const auto byte = static_cast<unsigned char>(bytes.start[i]);
        text += byte < 0x80 ? quoted(byte) : escape(byte);
    }
    return text + "'";
}

/** What a walk over the values of an item adds to: plain text, or JSON. */
struct style {
    const char *open, *close; // of a record
    bool is_json;
    std::size_t most; // no more is added to a text that has so many bytes; set for each walk
};

constexpr style plain = {"(", ")", false, 0}, json = {"[", "]", true, 0};

std::string element_text(const pybuffer_item &item, const pybuffer_value *&values, const style &in);

/** The elements of a sub-array from this axis on, or the one element. */
std::string axis_text(const pybuffer_item &item, Py_ssize_t axis, const pybuffer_value *&values, const style &in)
{
    if (axis == item.ndim) return element_text(item, values, in);
    std::string text = "[";
    for (Py_ssize_t i = 0; i < item.shape[axis] && text.size() < in.most; i++) {
        text += (i > 0 ? ", " : "") + axis_text(item, axis + 1, values, in);
    }
    return text + "]";
}

std::string units_text(const pybuffer_item &item, const pybuffer_value *&values, const style &in)
{
    Py_ssize_t used = item.length;
    while (used > 0 && values[used - 1].as.u == 0) used--;
    std::string text;
    for (Py_ssize_t i = 0; i < used && text.size() < in.most; i++) {
        char32_t unit = static_cast<char32_t>(values[i].as.u);
        // UCS-2 is UTF-16 for most producers.
        if (item.itemsize == 2 * item.length && unit >= 0xd800 && unit < 0xdc00 && i + 1 < used && values[i + 1].as.u >= 0xdc00 &&
            values[i + 1].as.u < 0xe000) {
            unit = 0x10000 + ((unit - 0xd800) << 10) + (static_cast<char32_t>(values[++i].as.u) - 0xdc00);
        }
        const bool is_none = unit > 0x10ffff || (unit >= 0xd800 && unit < 0xe000);
        text += !in.is_json ? quoted(unit) : is_none ? utf8(0xfffd) : utf8(unit);
    }
    values += item.length;
    return in.is_json ? json_text(text) : "'" + text + "'";
}

std::string element_text(const pybuffer_item &item, const pybuffer_value *&values, const style &in)
{
    if (item.kind == PYBUFFER_KIND_RECORD) {
        std::string text = in.open;
        const auto fields = fields_of(item);
        for (const pybuffer_item *field : fields) {
            if (text.size() >= in.most) break;
            text += (field != fields.front() ? ", " : "") + axis_text(*field, 0, values, in);
        }
        return text + (!in.is_json && fields.size() == 1 ? "," : "") + in.close;
    }
    if (item.kind == PYBUFFER_KIND_TEXT) return units_text(item, values, in);
    const pybuffer_value &value = *values++;
    char text[80];
    switch (value.kind) {
    case PYBUFFER_KIND_SIGNED: return std::to_string(value.as.i);
    case PYBUFFER_KIND_UNSIGNED:
    case PYBUFFER_KIND_BITS: return std::to_string(value.as.u);
    case PYBUFFER_KIND_BOOL: return in.is_json ? (value.as.u != 0 ? "true" : "false") : value.as.u != 0 ? "True" : "False";
    case PYBUFFER_KIND_FLOAT:
    case PYBUFFER_KIND_LONG_DOUBLE: {
        const std::string digits = real_text(value, item.itemsize);
        return in.is_json && digits.find_first_of("an") != std::string::npos ? "\"" + digits + "\"" : digits;
    }
    case PYBUFFER_KIND_COMPLEX: {
        pybuffer_value part = value;
        part.kind = PYBUFFER_KIND_FLOAT;
        std::string parts[2];
        for (int i = 0; i < 2; i++) {
            part.as.real = value.as.parts[i];
            parts[i] = real_text(part, item.itemsize / 2);
            if (in.is_json && parts[i].find_first_of("an") != std::string::npos) parts[i] = "\"" + parts[i] + "\"";
        }
        if (in.is_json) return "[" + parts[0] + ", " + parts[1] + "]";
        return parts[0] + (parts[1][0] == '-' ? "" : "+") + parts[1] + "j";
    }
    case PYBUFFER_KIND_BYTES:
        if (in.is_json) return "{\"bytes\": \"" + hexadecimal(value.as.bytes) + "\"}";
        return bytes_text(value.as.bytes, item.kind != PYBUFFER_KIND_BYTES, in.most);
    default: // addresses
        if (in.is_json) return std::to_string(value.as.u);
        std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value.as.u));
        return text;
    }
}

std::string whole_text(const pybuffer_item &item, const pybuffer_value *values, style in)
{
    in.most = std::size_t{1} << 24;
    const std::string text = axis_text(item, 0, values, in);
    if (text.size() >= in.most) throw failure("the values of the item are too long to be shown");
    return text;
}

} // namespace

std::string item_start(const pybuffer_item &item, const pybuffer_value *values, std::size_t most)
{
    // A character has at most four bytes.
    return axis_text(item, 0, values, {plain.open, plain.close, plain.is_json, 4 * (most + 1)});
}

std::string item_text(const pybuffer_item &item, const pybuffer_value *values) { return whole_text(item, values, plain); }

std::string item_json(const pybuffer_item &item, const pybuffer_value *values) { return whole_text(item, values, json); }

std::string json_text(const std::string &text)
{
    std::string out = "\"";
    char escaped[8];
    for (const char byte : text) {
        if (byte == '"' || byte == '\\') {
            out += std::string("\\") + byte;
        } else if (static_cast<unsigned char>(byte) < 0x20) {
            std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(byte));
            out += escaped;
        } else {
            out += byte;
        }
    }
    return out + "\"";
}

// ---- items ----------------------------------------------------------------------------------------------------------------

std::string kind_text(const pybuffer_item &item)
{
    const std::string bits = std::to_string(8 * item.itemsize) + "-bit ";
    const std::string order = item.byteorder == '<' ? ", little-endian" : ", big-endian";
    const std::string swaps = item.itemsize > 1 ? order : "";
    switch (item.kind) {
    case PYBUFFER_KIND_PAD: return counted(item.length, "opaque byte");
    case PYBUFFER_KIND_CHAR: return "one byte of text";
    case PYBUFFER_KIND_SIGNED: return bits + "signed integer" + swaps;
    case PYBUFFER_KIND_UNSIGNED: return bits + "unsigned integer" + swaps;
    case PYBUFFER_KIND_BOOL: return "truth value";
    case PYBUFFER_KIND_FLOAT: return item.code[0] == 'g' ? "long double" : bits + "float" + order;
    case PYBUFFER_KIND_BYTES: return counted(item.length, "byte");
    case PYBUFFER_KIND_PASCAL: return counted(item.length, "byte") + ", the first of which is the length in use";
    case PYBUFFER_KIND_COMPLEX:
        return "complex number of two " + (item.itemsize == 2 * static_cast<Py_ssize_t>(sizeof(long double)) ? std::string("long doubles")
                                           : std::to_string(4 * item.itemsize) + "-bit floats" + order);
    case PYBUFFER_KIND_TEXT:
        return counted(item.length, "code unit") + " of " + (item.itemsize == 2 * item.length ? "UCS-2" : "UCS-4") + order;
    case PYBUFFER_KIND_BITS: return counted(item.length, "bit") + " from bit " + std::to_string(item.first_bit) + " on" + order;
    case PYBUFFER_KIND_POINTER: return "address";
    case PYBUFFER_KIND_OBJECT: return "address of a Python object";
    case PYBUFFER_KIND_FUNCTION: return "address of a function";
    default: return "record of " + counted(item.nfields, "field");
    }
}

Py_ssize_t bytes_of(const pybuffer_item &item)
{
    // The elements of an array of bits share bytes.
    if (item.kind == PYBUFFER_KIND_BITS) return (item.first_bit + item.elements * item.length + 7) / 8;
    return item.elements * item.itemsize;
}

Py_ssize_t values_of(const pybuffer_item &item)
{
    Py_ssize_t each = item.kind == PYBUFFER_KIND_TEXT ? item.length : 1;
    if (item.kind == PYBUFFER_KIND_RECORD) {
        each = 0;
        for (const pybuffer_item *field : fields_of(item)) each += values_of(*field);
    }
    return item.elements * each;
}

std::string format::canonical() const
{
    const pb::object bytes = pb::object::steal(pybuffer_format_canonical(parsed_.get()));
    return PyBytes_AsString(bytes.get());
}

std::string item_format(const pybuffer_item &item)
{
    const pb::object bytes = pb::object::steal(pybuffer_item_format(&item));
    return PyBytes_AsString(bytes.get());
}

std::string element_format(const pybuffer_item &item)
{
    const std::string text = item_format(item);
    if (item.ndim == 0) return text;
    if (text[0] == '(') return text.substr(text.find(')') + 1);
    // One axis, as a count after the prefix: "<3i".
    const std::size_t digits = text.find_first_of("0123456789");
    return text.substr(0, digits) + text.substr(text.find_first_not_of("0123456789", digits));
}

std::vector<const pybuffer_item *> fields_of(const pybuffer_item &item)
{
    std::vector<const pybuffer_item *> fields;
    if (item.kind != PYBUFFER_KIND_RECORD) return fields;
    for (const pybuffer_item *field = item.fields; field != nullptr; field = field->next) fields.push_back(field);
    return fields;
}

// ---- tables ---------------------------------------------------------------------------------------------------------------

std::string table(const std::vector<std::vector<std::string>> &rows, const std::vector<bool> &right)
{
    std::vector<std::size_t> widths;
    for (const auto &row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); i++) widths[i] = std::max(widths[i], width_of(row[i]));
    }
    std::string text;
    for (const auto &row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); i++) {
            const std::string gap(widths[i] - width_of(row[i]), ' ');
            line += (i > 0 ? "  " : "") + (i < right.size() && right[i] ? gap + row[i] : row[i] + gap);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

} // namespace tool
