// A drawing of memory as text with boxes.
#include <algorithm>

#include "picture.hpp"
#include "text.hpp"

namespace tool {

namespace {

std::string repeated(const std::string &text, std::size_t count)
{
    std::string all;
    for (std::size_t i = 0; i < count; i++) all += text;
    return all;
}

/** Text in the middle of so many columns. */
std::string centered(const std::string &text, std::size_t width, const std::string &fill = " ")
{
    const std::size_t used = std::min(width_of(text), width), left = (width - used) / 2;
    return repeated(fill, left) + text + repeated(fill, width - used - left);
}

/** What stands in a cell. */
std::string inside(const cell &part)
{
    switch (part.is) {
    case cell::kind::hidden: return "\xe2\x80\xa6";
    case cell::kind::padding: return repeated("\xe2\x96\x91", static_cast<std::size_t>(std::min<Py_ssize_t>(part.size, 4)));
    default: return part.text;
    }
}

std::string below(const cell &part)
{
    std::string text;
    for (const std::string &one : part.indices) text += one;
    return part.more > 0 ? text + "+" + grouped(part.more) : text;
}

class printer {
public:
    explicit printer(const picture &drawn) : drawn_(drawn)
    {
        for (const line &one : drawn_.lines) {
            widths_.resize(std::max(widths_.size(), one.cells.size()), 0);
            if (is_folded(one)) continue;
            labels_ = std::max(labels_, width_of(label(one)));
            for (std::size_t i = 0; i < one.cells.size(); i++) {
                const cell &part = one.cells[i];
                const std::size_t under = part.span > 1 ? 0 : width_of(below(part));
                widths_[i] = std::max({widths_[i], width_of(inside(part)) + 2, width_of(part.name) + 2, under});
            }
        }
    }

    std::string print()
    {
        std::string text;
        std::vector<std::string> names;
        for (std::size_t i = 0; i < drawn_.lines.size(); i++) {
            const line &one = drawn_.lines[i];
            if (is_folded(one)) continue;
            if (one.is_after_gap) text += repeated(" ", labels_ + 2) + "\xe2\x8b\xae\n";
            for (const arrow &step : drawn_.arrows) {
                if (step.start.line == i && step.end.line == i) text += arrow_row(step);
            }
            std::vector<std::string> own;
            for (const cell &part : one.cells) own.push_back(part.name);
            if (own != names && std::any_of(own.begin(), own.end(), [](const std::string &name) { return !name.empty(); })) {
                text += row("", " ", own);
            }
            names = own;
            text += box(one);
        }
        for (const arrow &step : drawn_.arrows) text += step_text(step) + "\n";
        return text;
    }

private:
    /** A pointer stands in the label of the line that it leads to. */
    static bool is_folded(const line &one) { return one.cells.size() == 1 && one.cells[0].target; }

    std::string label(const line &one) const
    {
        std::string text;
        for (const line &other : drawn_.lines) {
            for (const cell &part : other.cells) {
                if (part.target && &drawn_.lines[*part.target] == &one) text = grouped(other.at) + ": " + part.text + " \xe2\x86\x92 ";
            }
        }
        return text + one.label + grouped(one.at);
    }

    std::string row(const std::string &start, const std::string &border, const std::vector<std::string> &texts) const
    {
        std::string text = repeated(" ", labels_ - width_of(start)) + start + " " + border;
        for (std::size_t i = 0; i < texts.size(); i++) text += centered(texts[i], widths_[i]) + border;
        text.erase(text.find_last_not_of(' ') + 1);
        return text + "\n";
    }

    std::string edge(std::size_t count, const std::string &left, const std::string &middle, const std::string &right) const
    {
        std::string text = repeated(" ", labels_ + 1) + left;
        for (std::size_t i = 0; i < count; i++) text += repeated("\xe2\x94\x80", widths_[i]) + (i + 1 < count ? middle : right);
        return text + "\n";
    }

    std::string box(const line &one) const
    {
        std::vector<std::string> values;
        for (const cell &part : one.cells) values.push_back(inside(part));
        std::string text = edge(values.size(), "\xe2\x94\x8c", "\xe2\x94\xac", "\xe2\x94\x90");
        text += row(label(one), "\xe2\x94\x82", values);
        text += edge(values.size(), "\xe2\x94\x94", "\xe2\x94\xb4", "\xe2\x94\x98");
        // The indices, those of an item of several cells in a bracket.
        for (std::size_t lane = 0; lane < one.lanes; lane++) {
            std::string under = repeated(" ", labels_ + 2);
            for (std::size_t i = 0; i < one.cells.size();) {
                const cell &part = one.cells[i];
                const std::string index = part.lane == lane ? below(part) : "";
                const std::size_t span = index.empty() ? 1 : part.span;
                std::size_t width = span - 1;
                for (std::size_t k = i; k < i + span; k++) width += widths_[k];
                under += span > 1 ? "\xe2\x95\xb0" + centered(index, width - 2, "\xe2\x94\x80") + "\xe2\x95\xaf" : centered(index, width);
                under += " ";
                i += span;
            }
            under.erase(under.find_last_not_of(' ') + 1);
            if (!under.empty()) text += under + "\n";
        }
        return text;
    }

    /** The column of the middle of a cell. */
    std::size_t middle(const place &at) const
    {
        std::size_t column = labels_ + 2;
        for (std::size_t i = 0; i < at.cell; i++) column += widths_[i] + 1;
        return column + widths_[at.cell] / 2;
    }

    std::string arrow_row(const arrow &step) const
    {
        const std::size_t start = middle(step.start), end = middle(step.end);
        const std::string name = " strides[" + std::to_string(step.axis) + "] = " + std::to_string(step.stride);
        if (start == end) return repeated(" ", start) + "\xe2\x86\xbb" + name + "\n";
        const std::size_t left = std::min(start, end), length = std::max(start, end) - left - 1;
        const std::string shaft = repeated("\xe2\x94\x80", length);
        return repeated(" ", left) + (start < end ? "\xe2\x95\xad" + shaft + "\xe2\x96\xbc" : "\xe2\x96\xbc" + shaft + "\xe2\x95\xae") + name + "\n";
    }

    static std::string step_text(const arrow &step)
    {
        const char *way = step.stride == 0 ? "\xe2\x86\xbb" : step.start.line != step.end.line
                              ? (step.end.line > step.start.line ? "\xe2\x96\xbc" : "\xe2\x96\xb2")
                              : step.stride > 0 ? "\xe2\x96\xb6" : "\xe2\x97\x80";
        const Py_ssize_t size = std::abs(step.stride);
        const std::string distance = step.stride == 0 ? "the same bytes" : counted(size, "byte") + (step.stride < 0 ? " back" : " on");
        return "axis " + std::to_string(step.axis) + ": " + step.from + " " + way + " " + step.to + ", " + distance +
               (step.is_through_pointer ? ", to the next pointer" : "");
    }

    const picture &drawn_;
    std::vector<std::size_t> widths_;
    std::size_t labels_ = 0;
};

} // namespace

std::string as_text(const picture &drawn)
{
    std::string text = drawn.title + "\n\n" + printer(drawn).print();
    if (!drawn.sample_bytes.empty()) {
        text += "byte order: " + drawn.byte_order + ": " + drawn.sample_index + " = " + drawn.sample_value + " is";
        for (const std::string &byte : drawn.sample_bytes) text += " " + byte;
        text += "\n";
    }
    for (const std::string &note : drawn.notes) text += note + "\n";
    return text;
}

} // namespace tool
