"""One trace: its tree, where the time went, and what each observation read and wrote."""

from typing import Any

import reflex as rx

from langfuse_app.features.accounts.state import AppState, who
from langfuse_app.features.traces.trace_components import facts, level_icon, panel, segment
from langfuse_app.features.traces.trace_state import TraceState
from langfuse_app.ui.elements import button, copy_button, empty, failure, icon, skeleton_rows, type_icon
from langfuse_app.ui.shell import crumb, shell
from langfuse_app.ui.text import t

S: Any = TraceState  # on a page its attributes are Reflex vars, which the type of their values does not tell

# The tree holds a window of its rows. Near the end of the window this asks for the next one, through a field that React
# listens to; lfReveal scrolls to a row.
SCRIPT = """(()=>{if(!window.lfReveal){
 const high=box=>box.querySelector('.lf-row')?.offsetHeight||26;
 window.lfReveal=place=>setTimeout(()=>{const box=document.getElementById('lf-rows');if(!box)return;if(place<0){box.querySelector('[aria-selected=true]')?.scrollIntoView({block:'nearest'});return}
  const h=high(box),y=place*h;
  if(y<box.scrollTop||y+h>box.scrollTop+box.clientHeight)box.scrollTop=Math.max(0,y-box.clientHeight/3)},40);
 let waiting=0;
 document.addEventListener('scroll',event=>{const box=event.target;if(box.id!=='lf-rows'||waiting)return;
  waiting=setTimeout(()=>{waiting=0;const h=high(box),top=Math.floor(box.scrollTop/h),end=top+Math.ceil(box.clientHeight/h);
   const first=+box.dataset.first,last=first+box.querySelectorAll('.lf-row').length;
   if((first>0&&top<first+10)||(+box.dataset.below>0&&end>last-10)){const field=document.getElementById('lf-top');
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype,'value').set.call(field,String(top));field.dispatchEvent(new Event('input',{bubbles:true}))}},50)},true)}})()"""


def _level(word: str, text: Any) -> Any:
    return rx.cond(text != "", rx.el.span(level_icon(word), text, class_name="lf-level", custom_attrs={"data-level": word}))


def _tag(tag: Any) -> rx.Component:
    return rx.el.span(tag, class_name="lf-tag")


def _title_facts() -> rx.Component:
    head = S.head
    return rx.el.div(
        facts(head["facts"], head),
        rx.el.span(head["environment"], class_name="lf-env", custom_attrs={"data-env": head["environment"]}),
        rx.el.span(rx.foreach(head["tags"], _tag), class_name="inline-flex items-center"),
        _level("error", head["errors"]),
        _level("warning", head["warnings"]),
        class_name="lf-facts",
    )


def _toolbar() -> rx.Component:
    field = rx.el.input(value=S.find, on_change=S.search, placeholder=t("find"), custom_attrs={"aria-label": t("find"), "data-search": ""})
    return rx.el.div(
        rx.el.div(segment(t("tree"), S.view == "tree", S.turn("tree")), segment(t("timeline"), S.view == "timeline", S.turn("timeline")), class_name="lf-seg"),
        rx.el.div(icon("search", "sm"), rx.debounce_input(field, debounce_timeout=150), class_name="lf-search", style={"flex": "1 1 120px", "max_width": "240px", "margin_left": "6px"}),
        rx.el.span(class_name="ml-auto"),
        button(rx.cond(S.folded, icon("unfold-vertical", "sm"), icon("fold-vertical", "sm")), kind="ghost", size="sm", label=t("fold"), on_click=S.fold),
        class_name="lf-toolbar", style={"min_height": "40px", "padding_left": "16px"},
    )  # fmt: skip


def _mini(item: Any) -> rx.Component:
    return rx.el.i(style={"--x": item["x"], "--w": item["w"], "--y": item["y"]}, custom_attrs={"data-type": item["type"]})


def _map() -> Any:
    return rx.cond(S.view == "timeline", rx.el.div(rx.foreach(S.mini, _mini), class_name="lf-mini", custom_attrs={"aria-hidden": "true"}))


def _guide(line: Any) -> rx.Component:
    return rx.el.span(
        class_name="lf-guide", custom_attrs={f"data-{name}": rx.cond(line == name, "", None) for name in ("line", "tee", "elbow")}
    )


def _twist(row: Any) -> Any:
    expanded = rx.cond(row["twist"] == "open", "true", "false")
    twist = rx.el.button(
        icon("chevron-down", "xs"),
        class_name="lf-twist",
        type="button",
        tab_index=-1,
        on_click=S.toggle(row["id"]).stop_propagation,
        custom_attrs={"aria-expanded": expanded, "aria-label": t("toggle")},
    )
    return rx.cond(
        row["twist"] != "", twist, rx.el.span(class_name="lf-guide", custom_attrs={"data-run": rx.cond(row["depth"] == "1", None, "")})
    )


def _node(row: Any) -> rx.Component:
    mark = rx.cond(row["mark"] != "", rx.el.span(level_icon(row["mark"]), class_name="lf-level", custom_attrs={"data-level": row["mark"]}))
    return rx.el.div(
        rx.foreach(row["guides"], _guide),
        _twist(row),
        type_icon(row["type"]),
        rx.el.span(row["name"], class_name="lf-node-name"),
        rx.el.span(row["sub"], class_name="lf-node-sub"),
        rx.el.span(mark, rx.el.b(row["cost"]), rx.cond(S.view == "tree", rx.el.b(row["label"])), class_name="lf-node-end"),
        class_name="lf-node", title=row["name"],
    )  # fmt: skip


def _lane(row: Any) -> rx.Component:
    place = {"--x": row["x"], "--w": row["w"]}
    head = rx.cond(row["ttft"] != "", rx.el.i(style={"--ttft": row["ttft"]}, title=t("first_token")))
    label = rx.el.span(
        row["label"], class_name="lf-bar-label", style=place, custom_attrs={"data-before": rx.cond(row["side"] == "before", "", None)}
    )
    return rx.el.div(
        rx.el.span(
            head,
            class_name="lf-bar",
            style=place,
            custom_attrs={"data-type": row["type"], "data-soft": rx.cond(row["twist"] != "", "", None)},
        ),
        rx.cond(row["side"] != "", label),
        class_name="lf-lane",
    )


def _row(row: Any) -> rx.Component:
    return rx.el.div(
        _node(row),
        rx.cond(S.view == "timeline", _lane(row)),
        class_name="lf-row", role="treeitem", on_click=S.pick(row["id"]),
        custom_attrs={
            "aria-level": row["depth"],
            "aria-selected": rx.cond(S.selected == row["id"], "true", "false"),
            "aria-expanded": rx.match(row["twist"], ("open", "true"), ("closed", "false"), None),
            "data-level": row["level"],
            "data-has-children": rx.cond(row["twist"] != "", "", None),
        },
    )  # fmt: skip


def _tick(tick: Any) -> rx.Component:
    return rx.el.span(tick["label"], style={"--x": tick["x"]})


def _tree_head() -> rx.Component:
    latency = rx.cond(S.view == "tree", rx.el.span(t("latency"), style={"min_width": "46px", "text_align": "right"}))
    axis = rx.el.div(rx.foreach(S.ticks, _tick), class_name="lf-axis")
    return rx.el.div(
        rx.el.div(rx.el.span(t("observation")), rx.el.span(t("cost"), class_name="ml-auto"), latency),
        rx.cond(S.view == "timeline", axis),
        class_name="lf-wf-head",
    )


def _space(rows: Any) -> rx.Component:
    return rx.el.div(style={"height": f"calc(var(--row-tree) * {rows})", "flex": "none"}, custom_attrs={"aria-hidden": "true"})


def _tree() -> rx.Component:
    scroller = rx.el.div(
        _space(S.first),
        rx.foreach(S.rows, _row),
        _space(S.below),
        rx.cond(S.rows.length() == 0, rx.el.p(t("find.none"), class_name="lf-3 p-4")),
        class_name="lf-scroll", role="tree", id="lf-rows", style={"overflow_anchor": "none", "flex": "0 1 auto"},
        custom_attrs={"aria-label": t("observations"), "data-first": S.first, "data-below": S.below},
    )  # fmt: skip
    return rx.el.section(_tree_head(), scroller, class_name="lf-wf", custom_attrs={"data-mode": rx.cond(S.view == "tree", "tree", "both")})


def _share(entry: Any) -> rx.Component:
    dot = rx.el.span(class_name="lf-dot", style={"--c": "var(--t)"}, custom_attrs={"data-type": entry["type"]})
    return rx.el.span(dot, entry["label"], rx.el.span(entry["time"], class_name="lf-3 lf-num"))


def _legend() -> Any:
    busy = rx.el.span(S.busy, class_name="lf-3 lf-num ml-auto")
    style = {"padding": "9px 16px", "border_top": "1px solid var(--bd-1)", "flex": "none"}
    return rx.cond(
        (S.view == "timeline") & (S.busy != ""),
        rx.el.div(rx.foreach(S.shares, _share), busy, class_name="lf-legend lf-only-wide", style=style),
    )


def _keys() -> rx.Component:
    """What the arrow keys and the beat press (shell.SCRIPT), and the field that scrolling writes to."""
    hidden: dict[str, Any] = {"class_name": "lf-vh", "tab_index": -1, "custom_attrs": {"aria-hidden": "true"}}
    buttons = [rx.el.button(id=f"lf-{word}", type="button", on_click=S.key(word), **hidden) for word in ("up", "down", "left", "right")]
    beat = rx.el.button(id="lf-beat", type="button", on_click=S.beat, **hidden)
    return rx.el.div(*buttons, beat, rx.el.input(id="lf-top", on_change=S.scroll, **hidden))


def _trace() -> rx.Component:
    left = rx.el.div(
        _toolbar(),
        _map(),
        _tree(),
        rx.el.span(class_name="grow max-md:hidden"),
        _legend(),
        class_name="flex flex-col flex-1 min-w-0 min-h-0",
    )
    return rx.fragment(_title_facts(), rx.el.div(left, panel(), class_name="lf-split"), _keys())


def body() -> Any:
    """The trace, or why it is not shown."""
    return rx.match(
        S.status,
        ("ready", _trace()),
        ("missing", empty("circle-off", t("not_found"), t("not_found.why"))),
        ("error", failure(S.problem, S.load)),
        skeleton_rows(),
    )


def _actions() -> list[Any]:
    pressed = rx.cond(S.head["starred"], "true", "false")
    star = button(
        rx.el.span(icon("star"), class_name="lf-star", custom_attrs={"aria-pressed": pressed}),
        kind="ghost",
        label=t("bookmark"),
        on_click=S.star,
        id="bookmark",
        custom_attrs={"aria-pressed": pressed},
    )
    save = rx.el.a(icon("download"), href=S.head["download"], class_name="lf-btn", reload_document=True, title=t("download"), id="download",
                   custom_attrs={"data-kind": "ghost", "data-icon": "", "aria-label": t("download"), "data-native": ""})  # fmt: skip
    return [rx.cond(S.status == "ready", rx.fragment(star, save))]


@rx.page(route="/project/[project_id]/traces/[trace_id]", title=f"{t('trace')} · {t('app')}", on_load=[AppState.enter, S.load])
def trace() -> rx.Component:
    """One selection drives tree, waterfall and panel."""
    id = rx.el.span(S.head["id"], class_name="lf-clip", style={"max_width": "140px"}), copy_button(S.head["id"], t("copy_id"))
    badge = rx.cond(
        S.status == "ready",
        rx.el.span(
            rx.el.span(id[0], class_name="lf-badge lf-mono", title=S.head["id"], custom_attrs={"data-line": ""}),
            id[1],
            class_name="lf-only-wide inline-flex items-center",
            style={"margin_left": "4px"},
        ),
    )
    name = rx.cond(S.status == "ready", S.head["name"], "")
    here = rx.el.span(crumb(name), badge, class_name="inline-flex items-center min-w-0")
    return rx.fragment(
        shell(who(), body(), crumbs=[crumb(t("tracing"), AppState.base + "/traces"), here], actions=_actions(), rail=True),
        on_mount=rx.run_script(SCRIPT),
    )
