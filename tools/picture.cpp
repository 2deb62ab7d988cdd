// Which cells a drawing shows, and where the items of the view are in them.
#include "picture.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>

#include "leaves.hpp"
#include "text.hpp"

namespace pb = pybuffer;

namespace tool {

namespace {

using indices = std::vector<Py_ssize_t>;

/** A byte of memory: of the view's own, or of that which a pointer leads to. */
struct address {
    const char *memory; // NULL, or the pointer that was followed
    Py_ssize_t at;      // bytes from the lowest that is shown of the view's memory, or from the pointer

    friend bool operator<(const address &a, const address &b)
    {
        return a.memory != b.memory ? std::less<const char *>()(a.memory, b.memory) : a.at < b.at;
    }
    friend bool operator==(const address &a, const address &b) { return a.memory == b.memory && a.at == b.at; }
};

/** The indices of an axis that are shown: all, or the first and the last few. */
indices kept(Py_ssize_t length, Py_ssize_t most)
{
    indices list;
    most = std::max<Py_ssize_t>(most, 1);
    const Py_ssize_t last = length <= most ? 0 : most >= 4 ? 2 : most >= 2 ? 1 : 0;
    const Py_ssize_t first = std::min(length, most) - last;
    for (Py_ssize_t i = 0; i < first; i++) list.push_back(i);
    for (Py_ssize_t i = length - last; i < length; i++) list.push_back(i);
    return list;
}

/** The same for all axes: at most `each` indices of one, and of the last ones fewer, so that there are less than `each` times `most` tuples. */
template <class Shape> std::vector<indices> kept_of_all(const Shape &shape, Py_ssize_t each, Py_ssize_t most)
{
    std::vector<indices> lists;
    Py_ssize_t count = 1;
    for (const Py_ssize_t length : shape) {
        lists.push_back(kept(length, count < most ? each : 1));
        count *= static_cast<Py_ssize_t>(lists.back().size());
    }
    return lists;
}

/** Calls `act` with every tuple of the indices that are kept of each axis, in C order. */
template <class F> void for_each_tuple(const std::vector<indices> &axes, const F &act)
{
    for (const indices &list : axes) {
        if (list.empty()) return;
    }
    std::vector<std::size_t> places(axes.size(), 0);
    indices tuple(axes.size());
    for (;;) {
        for (std::size_t axis = 0; axis < axes.size(); axis++) tuple[axis] = axes[axis][places[axis]];
        act(tuple);
        std::size_t axis = axes.size();
        while (axis > 0 && ++places[axis - 1] == axes[axis - 1].size()) places[--axis] = 0;
        if (axis == 0) return;
    }
}

std::string tuple_of(const indices &tuple)
{
    std::string text = "[";
    for (std::size_t i = 0; i < tuple.size(); i++) text += (i > 0 ? "," : "") + std::to_string(tuple[i]);
    return text + "]";
}

/** Characters of a value in a cell. */
constexpr std::size_t characters_of_cell = 14;

/** The value in some bytes, or its start. */
std::string value_text(const pybuffer_item &item, const char *bytes)
{
    const format one(element_format(item));
    if (one.value_count() > 256 || one.itemsize() != item.itemsize) return "...";
    std::vector<pybuffer_value> values(static_cast<std::size_t>(one.value_count()) + 1);
    pb::detail::checked(pybuffer_format_unpack(one.get(), bytes, values.data()));
    const pybuffer_item &root = one.root();
    return root.kind == PYBUFFER_KIND_RECORD ? "..." : item_start(root, values.data(), characters_of_cell);
}

std::string fitted(const std::string &text, std::size_t most)
{
    if (width_of(text) <= most) return text;
    std::string out;
    std::size_t characters = 0;
    for (const char byte : text) {
        if ((static_cast<unsigned char>(byte) & 0xc0) != 0x80 && characters++ == most - 1) break;
        out += byte;
    }
    return out + "\xe2\x80\xa6";
}

/** Finds out what is where. */
class drawer {
public:
    drawer(const pb::memoryview &whole, const pb::memoryview &view, Py_ssize_t limit)
        : whole_(whole), view_(view), limit_(limit), whole_format_(whole), view_format_(view)
    {
        lowest_ = static_cast<char *>(whole.data());
        const Py_buffer &buffer = whole.buffer();
        for (int axis = 0; axis < buffer.ndim; axis++) {
            if (buffer.shape[axis] > 1 && buffer.strides[axis] < 0 && !is_behind(axis)) {
                lowest_ += buffer.strides[axis] * (buffer.shape[axis] - 1);
            }
        }
    }

    picture draw()
    {
        if (whole_.count() > 0 && whole_.itemsize() > 0) {
            is_bytes_ = has_overlaps();
            const leaves_of_item parts(whole_format_.root(), whole_.itemsize());
            leaves_ = parts.list;
            choose_lines();
            add_whole();
            add_viewed();
            find_indices();
            build_lines();
            add_arrows();
            add_sample();
        }
        if (view_.count() == 0) drawn_.notes.push_back("the view has no items");
        return drawn_;
    }

private:
    // ---- memory

    /** Whether an axis of the memory comes after a pointer. */
    bool is_behind(int axis) const
    {
        const Py_buffer &buffer = whole_.buffer();
        for (int i = 0; buffer.suboffsets != nullptr && i < axis; i++) {
            if (buffer.suboffsets[i] >= 0) return true;
        }
        return false;
    }

    bool has_pointers() const { return whole_.buffer().suboffsets != nullptr; }

    /** Where an item is, and on the way to it the pointers. */
    template <class F> static address locate(const pb::memoryview &view, const char *lowest, const indices &tuple, const F &pointer)
    {
        const Py_buffer &buffer = view.buffer();
        const char *memory = nullptr, *at = static_cast<char *>(buffer.buf);
        const auto place = [&] { return address{memory, at - (memory == nullptr ? lowest : memory)}; };
        for (std::size_t axis = 0; axis < tuple.size(); axis++) {
            at += buffer.strides[axis] * tuple[axis];
            if (buffer.suboffsets != nullptr && buffer.suboffsets[axis] >= 0) {
                const char *next = nullptr;
                std::memcpy(&next, at, sizeof next);
                pointer(place(), next, tuple[axis]);
                memory = next;
                at = next + buffer.suboffsets[axis];
            }
        }
        return place();
    }

    const char *bytes_at(const address &where) const { return (where.memory == nullptr ? lowest_ : where.memory) + where.at; }

    /** Whether items of the whole may share bytes without being the same: then cells are bytes. */
    bool has_overlaps() const
    {
        const Py_buffer &buffer = whole_.buffer();
        std::vector<std::pair<Py_ssize_t, Py_ssize_t>> axes;
        for (int axis = 0; axis < buffer.ndim; axis++) {
            if (buffer.shape[axis] > 1 && buffer.strides[axis] != 0 && !(has_pointers() && !is_behind(axis))) {
                axes.emplace_back(std::abs(buffer.strides[axis]), buffer.shape[axis]);
            }
        }
        std::sort(axes.begin(), axes.end());
        Py_ssize_t span = buffer.itemsize;
        for (const auto &[stride, length] : axes) {
            if (stride < span) return true;
            span += stride * (length - 1);
        }
        return false;
    }

    // ---- lines

    /** Decides how long a line is, in bytes, and which items of the whole are shown. */
    void choose_lines()
    {
        const Py_buffer &buffer = whole_.buffer();
        const auto ndim = static_cast<std::size_t>(buffer.ndim);
        keep_.assign(ndim, indices{0});
        std::vector<std::size_t> order; // the axes from the fastest on
        for (std::size_t axis = 0; axis < ndim; axis++) {
            if (buffer.shape[axis] > 1 && buffer.strides[axis] != 0) order.push_back(axis);
        }
        const auto stride = [&buffer](std::size_t axis) { return std::abs(buffer.strides[axis]); };
        // Axes before a pointer are the slowest, whatever their strides.
        const auto is_faster = [&](std::size_t a, std::size_t b) {
            const bool a_behind = is_behind(static_cast<int>(a)), b_behind = is_behind(static_cast<int>(b));
            return a_behind != b_behind ? a_behind : stride(a) < stride(b);
        };
        std::stable_sort(order.begin(), order.end(), is_faster);
        const auto cells = static_cast<Py_ssize_t>(is_bytes_ ? whole_.itemsize() : static_cast<Py_ssize_t>(leaves_.size()));
        line_span_ = whole_.itemsize();
        item_step_ = order.empty() ? whole_.itemsize() : stride(order[0]);
        std::size_t next = 0;
        Py_ssize_t in_line = std::max<Py_ssize_t>(cells, 1);
        const auto take = [&](std::size_t axis) {
            line_span_ += stride(axis) * (buffer.shape[axis] - 1);
            keep_[axis] = kept(buffer.shape[axis], limit_ / in_line);
            in_line *= buffer.shape[axis];
            next++;
        };
        const bool is_wrapped = order.size() == 1 && cells < 4 && !is_bytes_ && buffer.shape[order[0]] > limit_ / in_line;
        if (is_bytes_) {
            line_span_ = pitch_ = limit_;
            std::vector<Py_ssize_t> lengths;
            for (const std::size_t axis : order) lengths.push_back(buffer.shape[axis]);
            const std::vector<indices> lists = kept_of_all(lengths, 3, 243);
            for (std::size_t i = 0; i < order.size(); i++) keep_[order[i]] = lists[i];
            return;
        }
        if (is_wrapped) {
            // One axis is cut into lines of equal length.
            const Py_ssize_t each = std::max<Py_ssize_t>(limit_ / in_line, 1), lines = (buffer.shape[order[0]] + each - 1) / each;
            pitch_ = each * stride(order[0]);
            line_span_ += stride(order[0]) * (each - 1);
            keep_[order[0]].clear();
            for (const Py_ssize_t number : kept(lines, 8)) {
                for (Py_ssize_t i = number * each; i < std::min((number + 1) * each, buffer.shape[order[0]]); i++) {
                    // Lines are counted from the lowest address.
                    const bool is_reversed = buffer.strides[order[0]] < 0;
                    keep_[order[0]].push_back(is_reversed ? buffer.shape[order[0]] - 1 - i : i);
                }
            }
            return;
        }
        const bool is_row = cells < 4; // else each record has a line of its own
        if (!order.empty() && is_row) take(order[0]);
        if (order.size() > 2 && is_row && in_line <= 4 && is_behind(static_cast<int>(order[0])) == is_behind(static_cast<int>(order[1]))) {
            take(order[1]);
        }
        pitch_ = next < order.size() && !(has_pointers() && !is_behind(static_cast<int>(order[next]))) ? stride(order[next]) : 0;
        Py_ssize_t lines = 8;
        for (; next < order.size(); next++) {
            keep_[order[next]] = kept(buffer.shape[order[next]], lines);
            lines = lines == 8 ? 2 : 1;
        }
    }

    std::pair<std::size_t, Py_ssize_t> line_of(const address &where)
    {
        const auto found = std::find(memories_.begin(), memories_.end(), where.memory);
        if (found == memories_.end()) memories_.push_back(where.memory);
        const auto number = static_cast<std::size_t>(std::find(memories_.begin(), memories_.end(), where.memory) - memories_.begin());
        // Each pointer has a line, beside what it leads to.
        if (has_pointers() && number == 0) return {number, where.at / static_cast<Py_ssize_t>(sizeof(void *))};
        return {number, pitch_ > 0 && where.at >= 0 ? where.at / pitch_ : 0};
    }

    // ---- cells

    /** Adds the cells of an item of the whole. */
    void add_item(const address &where)
    {
        for (const leaf &part : leaves_) {
            const address at = {where.memory, where.at + part.at};
            cell made;
            made.is = part.is;
            made.at = at.at;
            made.size = part.size;
            made.name = part.name;
            if (part.item != nullptr) made.text = value_text(*part.item, bytes_at(at));
            cells_.emplace(at, made);
        }
    }

    void add_byte(const address &where)
    {
        cell made;
        made.at = where.at;
        made.size = 1;
        char text[4];
        std::snprintf(text, sizeof text, "%02x", static_cast<unsigned char>(*bytes_at(where)));
        made.text = text;
        cells_.emplace(where, made);
    }

    void add_bytes(const address &where, Py_ssize_t count)
    {
        for (Py_ssize_t i = 0; i < std::min<Py_ssize_t>(count, 64); i++) add_byte({where.memory, where.at + i});
    }

    void add_pointer(const address &where, const char *to, Py_ssize_t index)
    {
        cell made;
        made.is = cell::kind::pointer;
        made.at = where.at;
        made.size = static_cast<Py_ssize_t>(sizeof to);
        made.text = "*" + std::to_string(index);
        cells_.emplace(where, made);
        targets_.emplace(where, to);
    }

    void add_whole()
    {
        memories_.push_back(nullptr);
        for_each_tuple(keep_, [this](const indices &tuple) {
            const address at = locate(whole_, lowest_, tuple, [this](const address &where, const char *to, Py_ssize_t index) {
                add_pointer(where, to, index);
            });
            if (is_bytes_) add_bytes(at, whole_.itemsize());
            else add_item(at);
        });
    }

    /** The item of the whole that has a byte: its first one. False where that is not known. */
    bool item_with(const address &where, address &item) const
    {
        const Py_buffer &buffer = whole_.buffer();
        std::vector<std::pair<Py_ssize_t, Py_ssize_t>> axes;
        Py_ssize_t rest = where.at;
        for (int axis = 0; axis < buffer.ndim; axis++) {
            const bool is_there = has_pointers() ? is_behind(axis) : true;
            if (buffer.shape[axis] < 2 || buffer.strides[axis] == 0 || !is_there) continue;
            axes.emplace_back(std::abs(buffer.strides[axis]), buffer.shape[axis]);
            if (has_pointers() && buffer.strides[axis] < 0) return false;
        }
        if (has_pointers()) {
            if (where.memory == nullptr) return false;
            for (int axis = 0; axis < buffer.ndim; axis++) rest -= std::max<Py_ssize_t>(buffer.suboffsets[axis], 0);
        }
        std::sort(axes.rbegin(), axes.rend());
        for (const auto &[stride, length] : axes) rest -= std::min(rest / stride, length - 1) * stride;
        item = {where.memory, where.at - rest};
        return rest >= 0 && rest < buffer.itemsize;
    }

    /** Adds the cells of the first and last items of the view, which the whole may have left out. */
    void add_viewed()
    {
        for_each_tuple(kept_of_all(view_.shape(), 4, 32), [this](const indices &tuple) {
            const address at = locate(view_, lowest_, tuple, [this](const address &where, const char *to, Py_ssize_t index) {
                add_pointer(where, to, index);
            });
            address item;
            if (is_bytes_) add_bytes(at, view_.itemsize());
            else if (item_with(at, item)) add_item(item);
        });
    }

    // ---- the view

    void found(const address &where, const indices &tuple)
    {
        const auto at = cells_.find(where);
        if (at == cells_.end()) return;
        cell &into = at->second;
        if (into.indices.size() < 3) into.indices.push_back(tuple_of(tuple));
        else into.more++;
        // All cells that the item reaches over.
        std::size_t span = 0;
        for (auto next = at; next != cells_.end() && next->first.memory == where.memory &&
                             next->first.at < where.at + std::max<Py_ssize_t>(view_.itemsize(), 1); ++next) {
            next->second.is_viewed = true;
            span++;
        }
        into.span = std::max(into.span, span);
    }

    /** The index of the view's item at an address, where the axes of the view nest. */
    bool index_at(const address &where, indices &tuple) const
    {
        const Py_buffer &buffer = view_.buffer();
        Py_ssize_t rest = bytes_at(where) - static_cast<char *>(buffer.buf);
        std::vector<std::size_t> axes;
        tuple.assign(static_cast<std::size_t>(buffer.ndim), 0);
        for (std::size_t axis = 0; axis < tuple.size(); axis++) {
            if (buffer.shape[axis] < 2 || buffer.strides[axis] == 0) continue;
            axes.push_back(axis);
            if (buffer.strides[axis] < 0) rest -= buffer.strides[axis] * (buffer.shape[axis] - 1);
        }
        std::sort(axes.begin(), axes.end(), [&buffer](std::size_t a, std::size_t b) {
            return std::abs(buffer.strides[a]) > std::abs(buffer.strides[b]);
        });
        if (rest < 0) return false;
        for (const std::size_t axis : axes) {
            const Py_ssize_t stride = std::abs(buffer.strides[axis]), step = std::min(rest / stride, buffer.shape[axis] - 1);
            rest -= step * stride;
            tuple[axis] = buffer.strides[axis] < 0 ? buffer.shape[axis] - 1 - step : step;
        }
        return rest == 0;
    }

    void find_indices()
    {
        const auto ignored = [](const address &, const char *, Py_ssize_t) {};
        constexpr Py_ssize_t most = 20000;
        if (view_.count() <= most || view_.buffer().suboffsets != nullptr) {
            const Py_ssize_t each = view_.count() <= most ? most : 16;
            for_each_tuple(kept_of_all(view_.shape(), each, most), [&](const indices &tuple) { found(locate(view_, lowest_, tuple, ignored), tuple); });
            return;
        }
        std::vector<address> shown;
        for (const auto &[where, one] : cells_) shown.push_back(where);
        Py_ssize_t repeated = 1;
        for (std::size_t axis = 0; axis < view_.ndim(); axis++) {
            if (view_.strides()[axis] == 0) repeated *= view_.shape()[axis];
        }
        indices tuple;
        for (const address &where : shown) {
            if (!index_at(where, tuple)) continue;
            found(where, tuple);
            cells_.at(where).more += repeated - 1;
        }
    }

    // ---- putting it together

    void build_lines()
    {
        std::map<std::pair<std::size_t, Py_ssize_t>, std::vector<const std::pair<const address, cell> *>> lines;
        for (const char *memory : memories_in_order()) line_of({memory, 0});
        for (const auto &one : cells_) lines[line_of(one.first)].push_back(&one);
        std::pair<std::size_t, Py_ssize_t> before{0, -1};
        Py_ssize_t highest = 0;
        for (const auto &one : cells_) {
            if (one.first.memory == nullptr) highest = std::max(highest, one.first.at + one.second.size);
        }
        for (const auto &[key, list] : lines) {
            line made;
            made.is_after_gap = key.first == before.first && before.second >= 0 && key.second > before.second + 1;
            const bool is_table = has_pointers() && key.first == 0;
            const Py_ssize_t start = is_table ? list.front()->first.at
                                     : pitch_ > 0 ? key.second * pitch_ : std::min<Py_ssize_t>(list.front()->first.at, 0);
            made.at = start;
            if (key.first > 0) made.label = "+";
            Py_ssize_t end = start;
            for (const auto *one : list) {
                add_between(made, end, one->first.at, start);
                places_.emplace(one->first, place{drawn_.lines.size(), made.cells.size()});
                made.cells.push_back(one->second);
                end = one->first.at + one->second.size;
            }
            const Py_ssize_t last = std::min(start + line_span_, key.first == 0 ? total_end() : start + line_span_);
            if (!is_table && end < last) made.cells.push_back(between(cell::kind::hidden, end, last - end));
            const bool has_next = &key != &lines.rbegin()->first && std::next(lines.find(key))->first.first == key.first;
            if (!is_table && pitch_ > line_span_ && has_next) {
                made.cells.push_back(between(cell::kind::padding, start + line_span_, pitch_ - line_span_));
            }
            before = key;
            if (memory_line_.size() <= key.first) memory_line_.resize(key.first + 1, drawn_.lines.size());
            drawn_.lines.push_back(made);
        }
        for (const auto &[where, to] : targets_) {
            const auto number = static_cast<std::size_t>(std::find(memories_.begin(), memories_.end(), to) - memories_.begin());
            const auto at = places_.find(where);
            if (at == places_.end() || number >= memory_line_.size()) continue;
            drawn_.lines[at->second.line].cells[at->second.cell].target = memory_line_[number];
        }
    }

    /** The view's own memory, then the others in the order of the pointers to them. */
    std::vector<const char *> memories_in_order() const
    {
        std::vector<const char *> list = {nullptr};
        for (const auto &[where, to] : targets_) list.push_back(to);
        return list;
    }

    /** The end of the memory of the whole, if it has no pointers. */
    Py_ssize_t total_end() const
    {
        const Py_buffer &buffer = whole_.buffer();
        Py_ssize_t end = buffer.itemsize;
        for (int axis = 0; axis < buffer.ndim; axis++) {
            // The stride of an axis of one item may be any number.
            if (buffer.shape[axis] > 1) end += std::abs(buffer.strides[axis]) * (buffer.shape[axis] - 1);
        }
        return end;
    }

    static cell between(cell::kind is, Py_ssize_t at, Py_ssize_t size)
    {
        cell made;
        made.is = is;
        made.at = at;
        made.size = size;
        return made;
    }

    /** What is between two cells: padding, or cells that are left out. */
    void add_between(line &into, Py_ssize_t from, Py_ssize_t to, Py_ssize_t start) const
    {
        if (to <= from) return;
        const bool is_hidden = is_bytes_ || to - from >= item_step_ || (from == start && to - start >= whole_.itemsize());
        into.cells.push_back(between(is_hidden ? cell::kind::hidden : cell::kind::padding, from, to - from));
    }

    void add_arrows()
    {
        const Py_buffer &buffer = view_.buffer();
        if (view_.count() == 0) return;
        const auto ignored = [](const address &, const char *, Py_ssize_t) {};
        indices first(static_cast<std::size_t>(buffer.ndim), 0);
        const auto start = places_.find(locate(view_, lowest_, first, ignored));
        for (std::size_t axis = 0; axis < first.size(); axis++) {
            if (buffer.shape[axis] < 2 || start == places_.end()) continue;
            indices second = first;
            second[axis] = 1;
            auto from = start, end = places_.find(locate(view_, lowest_, second, ignored));
            const bool is_through = buffer.suboffsets != nullptr && buffer.suboffsets[axis] >= 0;
            if (is_through) {
                // The stride leads from pointer to pointer.
                const auto to_pointer = [&](const indices &tuple) {
                    address last{};
                    locate(view_, lowest_, tuple, [&last](const address &where, const char *, Py_ssize_t) { last = where; });
                    return places_.find(last);
                };
                from = to_pointer(first);
                end = to_pointer(second);
            }
            if (from == places_.end() || end == places_.end()) continue;
            drawn_.arrows.push_back({axis, buffer.strides[axis], tuple_of(first), tuple_of(second), from->second, end->second, is_through});
        }
    }

    /** The bytes of the first number, which show the byte order. */
    void add_sample()
    {
        if (view_.count() == 0) return;
        const auto ignored = [](const address &, const char *, Py_ssize_t) {};
        const indices first(view_.ndim(), 0);
        const address where = locate(view_, lowest_, first, ignored);
        const leaves_of_item parts(view_format_.root(), view_.itemsize());
        for (const leaf &part : parts.list) {
            const bool is_number = part.item != nullptr && part.size > 1 && part.size <= 16 &&
                                   (part.item->kind == PYBUFFER_KIND_SIGNED || part.item->kind == PYBUFFER_KIND_UNSIGNED ||
                                    part.item->kind == PYBUFFER_KIND_FLOAT);
            if (!is_number) continue;
            const address at = {where.memory, where.at + part.at};
            drawn_.byte_order = part.item->byteorder == '<' ? "little-endian" : "big-endian";
            drawn_.sample_index = tuple_of(first) + (part.name.empty() ? "" : "." + part.name);
            drawn_.sample_value = value_text(*part.item, bytes_at(at));
            for (Py_ssize_t i = 0; i < part.size; i++) {
                char text[4];
                std::snprintf(text, sizeof text, "%02x", static_cast<unsigned char>(bytes_at(at)[i]));
                drawn_.sample_bytes.emplace_back(text);
            }
            return;
        }
    }

    const pb::memoryview whole_, view_;
    const Py_ssize_t limit_;
    const format whole_format_, view_format_;
    const char *lowest_;
    bool is_bytes_ = false;
    std::vector<leaf> leaves_;
    std::vector<indices> keep_;                // the indices of the whole that are shown, for each axis
    Py_ssize_t pitch_ = 0, line_span_ = 0;     // bytes from one line to the next, and those of its cells
    Py_ssize_t item_step_ = 0;
    std::map<address, cell> cells_;
    std::map<address, const char *> targets_;  // of pointers
    std::map<address, place> places_;
    std::vector<const char *> memories_;
    std::vector<std::size_t> memory_line_;
    picture drawn_;
};

} // namespace

picture make_picture(const pb::memoryview &whole, const pb::memoryview &view, Py_ssize_t limit)
{
    picture drawn = drawer(whole, view, limit).draw();
    for (line &one : drawn.lines) {
        std::vector<std::size_t> ends; // of the lanes
        for (std::size_t i = 0; i < one.cells.size(); i++) {
            cell &part = one.cells[i];
            part.text = fitted(part.text, characters_of_cell);
            part.name = fitted(part.name, 16);
            part.span = std::min(part.span, one.cells.size() - i);
            if (part.indices.empty()) continue;
            while (part.lane < ends.size() && ends[part.lane] > i) part.lane++;
            ends.resize(std::max(ends.size(), part.lane + 1));
            ends[part.lane] = i + part.span;
        }
        one.lanes = std::max<std::size_t>(ends.size(), 1);
    }
    return drawn;
}

} // namespace tool
