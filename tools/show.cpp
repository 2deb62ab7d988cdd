// `pybuffer show`: what an array is, and its first items as a table.
#include <algorithm>
#include <vector>

#include "commands.hpp"
#include "failure.hpp"
#include "text.hpp"

namespace pb = pybuffer;

namespace tool {

namespace {

/** More values of one item are not shown. */
constexpr Py_ssize_t most_values = 4096;

/** Characters of a value in the table. */
constexpr std::size_t characters_of_column = 60;

/** A column of the table: a field of records that is no record itself, or one element of it. */
struct column {
    std::string name;
    const pybuffer_item *item;
    Py_ssize_t first; // of its values among those of the item
};

/** The columns of a record, those of its records in their place: "orbit.radius". */
void add_columns(std::vector<column> &into, const pybuffer_item &item, const std::string &prefix, Py_ssize_t first)
{
    Py_ssize_t number = 0;
    for (const pybuffer_item *field : fields_of(item)) {
        const std::string name = prefix + (field->name != nullptr ? printable(field->name) : "#" + std::to_string(number));
        if (field->kind == PYBUFFER_KIND_RECORD && field->ndim == 0) {
            add_columns(into, *field, name + ".", first);
        } else {
            into.push_back({name, field, first});
        }
        first += values_of(*field);
        number++;
    }
}

/** Reads the items of a view, one by one. */
class reader {
public:
    explicit reader(const pb::memoryview &view) : view_(view), format_(view), count_(format_.value_count())
    {
        if (count_ <= most_values) values_.resize(static_cast<std::size_t>(count_));
    }

    const pybuffer_item &root() const { return format_.root(); }
    bool is_shown() const { return count_ <= most_values; }
    Py_ssize_t count() const { return count_; }

    const pybuffer_value *read(const std::vector<Py_ssize_t> &indices)
    {
        pb::detail::checked(pybuffer_memoryview_get_item(view_.get(), indices.data(), static_cast<int>(indices.size()), values_.data(),
                                                         static_cast<int>(count_)));
        return values_.data();
    }

    std::string text(const std::vector<Py_ssize_t> &indices)
    {
        if (!is_shown()) return "<" + counted(count_, "value") + ">";
        return item_start(root(), read(indices), characters_of_column);
    }

private:
    pb::memoryview view_;
    format format_;
    Py_ssize_t count_;
    std::vector<pybuffer_value> values_{1};
};

/** The next index of the leading axes, in C order; false after the last. */
bool advance(std::vector<Py_ssize_t> &indices, std::size_t axes, const pb::axes &shape)
{
    for (std::size_t axis = axes; axis-- > 0;) {
        if (++indices[axis] < shape[axis]) return true;
        indices[axis] = 0;
    }
    return false;
}

std::string indices_text(const std::vector<Py_ssize_t> &indices, std::size_t count)
{
    std::string text;
    for (std::size_t i = 0; i < count; i++) text += (i > 0 ? ", " : "") + std::to_string(indices[i]);
    return text;
}

std::string shortened(std::string text)
{
    if (width_of(text) <= characters_of_column) return text;
    std::size_t end = 0;
    for (std::size_t characters = 0; end < text.size(); end++) {
        if ((static_cast<unsigned char>(text[end]) & 0xc0) != 0x80 && characters++ == characters_of_column - 3) break;
    }
    return text.substr(0, end) + "...";
}

using row = std::vector<std::string>;

/** As many columns as rows, but not more than a million cells, nor, where each is read for itself, 64 million values. */
Py_ssize_t columns_of(Py_ssize_t limit, Py_ssize_t values)
{
    return std::min(limit, std::max<Py_ssize_t>(std::min<Py_ssize_t>(1000000, 64000000 / std::max<Py_ssize_t>(values, 1)) / limit, 1));
}

/** Records: a row for each, a column for each field. */
std::vector<row> record_rows(const pb::memoryview &view, reader &items, Py_ssize_t limit, Py_ssize_t &shown)
{
    std::vector<column> columns;
    add_columns(columns, items.root(), "", 0);
    const auto used = std::min(columns.size(), static_cast<std::size_t>(columns_of(limit, 1)));
    std::vector<row> rows(1, row{"index"});
    for (std::size_t i = 0; i < used; i++) rows[0].push_back(columns[i].name);
    if (used < columns.size()) rows[0].push_back("... " + std::to_string(columns.size() - used) + " more");
    std::vector<Py_ssize_t> indices(view.ndim());
    bool is_more = view.count() > 0;
    for (; is_more && shown < limit; shown++, is_more = advance(indices, indices.size(), view.shape())) {
        row line{indices_text(indices, indices.size())};
        const pybuffer_value *values = items.read(indices);
        for (std::size_t i = 0; i < used; i++) {
            const pybuffer_value *at = values + columns[i].first;
            line.push_back(shortened(item_start(*columns[i].item, at, characters_of_column)));
        }
        rows.push_back(line);
    }
    return rows;
}

/** Everything else: a row for each index of the leading axes, a column for each of the last; with one axis, a row for each item. */
std::vector<row> grid_rows(const pb::memoryview &view, reader &items, Py_ssize_t limit, Py_ssize_t &shown)
{
    const pb::axes shape = view.shape();
    const std::size_t leading = shape.size() > 1 ? shape.size() - 1 : shape.size();
    const Py_ssize_t width = shape.size() > 1 ? shape[leading] : 1, used = std::min(width, columns_of(limit, items.is_shown() ? items.count() : 1));
    std::vector<row> rows;
    if (shape.size() > 1) {
        row head{"index"};
        for (Py_ssize_t i = 0; i < used; i++) head.push_back("[" + std::to_string(i) + "]");
        if (used < width) head.push_back("... " + grouped(width - used) + " more");
        rows.push_back(head);
    }
    std::vector<Py_ssize_t> indices(shape.size());
    bool is_more = view.count() > 0;
    for (; is_more && shown < limit; shown++, is_more = advance(indices, leading, shape)) {
        row line{indices_text(indices, leading)};
        if (shape.empty()) line[0] = "item";
        for (Py_ssize_t i = 0; i < used; i++) {
            if (shape.size() > 1) indices[leading] = i;
            line.push_back(shortened(items.text(indices)));
        }
        if (shape.size() > 1) indices[leading] = 0;
        rows.push_back(line);
    }
    return rows;
}

std::string order_text(const pb::memoryview &view)
{
    const bool c = view.is_contiguous(pb::order::c), fortran = view.is_contiguous(pb::order::fortran);
    return c && fortran ? "contiguous" : c ? "contiguous, C order" : fortran ? "contiguous, Fortran order" : "not contiguous";
}

} // namespace

std::string show(const options &asked)
{
    const source from = open_source(asked.operands[0], asked.raw);
    const pb::memoryview view = selected(from, asked.wanted);
    const Py_ssize_t limit = asked.limit.value_or(10);
    reader items(view);
    const pb::axes shape = view.shape(), strides = view.strides();
    const format parsed(view);

    std::vector<row> facts;
    if (from.rest != 0) facts.push_back({"rest", counted(from.rest, "byte") + " after the last item"});
    facts.push_back({"items", counted(view.count(), "item") + " of " + counted(view.itemsize(), "byte") + ", " + order_text(view)});
    facts.push_back({"shape", tuple_text(shape.begin(), shape.size())});
    facts.push_back({"strides", tuple_text(strides.begin(), strides.size())});
    facts.push_back({"offset", grouped(from.offset + (static_cast<char *>(view.data()) - static_cast<char *>(from.items.data())))});
    facts.push_back({"format", printable(view.format()) + (parsed.root().kind == PYBUFFER_KIND_RECORD ? "" : " (" + kind_text(parsed.root()) + ")")});

    Py_ssize_t shown = 0;
    const bool is_record = items.root().kind == PYBUFFER_KIND_RECORD && items.root().ndim == 0 && items.is_shown() && items.root().nfields > 0;
    const std::vector<row> rows = is_record ? record_rows(view, items, limit, shown) : grid_rows(view, items, limit, shown);
    Py_ssize_t all = view.count();
    if (!is_record && shape.size() > 1 && shape[shape.size() - 1] != 0) all /= shape[shape.size() - 1];
    std::string text = from.path + ": " + from.kind + ", " + counted(from.size, "byte") + (from.is_mapped ? ", mapped\n" : ", read\n");
    text += table(facts, {}) + "\n";
    std::vector<bool> right(rows.empty() ? 0 : rows.back().size(), true);
    text += table(rows, right);
    if (all == 0) text += "no items\n";
    if (shown < all) text += "... " + counted(all - shown, is_record || shape.size() < 2 ? "item" : "row") + " more (--limit)\n";
    return text;
}

} // namespace tool
