"""`core_course_…`, `core_group_…` and `core_webservice_get_site_info`."""

from __future__ import annotations

from typing import Any

from . import costs, errors
from . import roles as cap
from .call import Call, integer, listed
from .world import SITE_COURSE_ID, Course

FIELDS = ("id", "ids", "shortname", "idnumber", "category")
FILTERS = ("displayh5p", "activitynames", "mathjaxloader", "emoticon", "urltolink", "mediaplugin")
FEATURES = {
    "usecomments": 1,
    "usetags": 1,
    "enablenotes": 1,
    "messaging": 1,
    "enableblogs": 1,
    "enablecompletion": 1,
    "enablebadges": 1,
    "messagingallusers": 0,
    "enablecustomreports": 1,
    "enableglobalsearch": 0,
    "mnet_dispatcher_mode": 0,
}


def get_site_info(call: Call) -> dict[str, Any]:
    call.only("serviceshortnames")
    call.ms = costs.CALL
    world, user = call.world, call.user
    mobile = int(call.service.shortname == "moodle_mobile_app")
    features = FEATURES if world.version == "4.3" else {**FEATURES, "enablecompetencies": 1}
    info: dict[str, Any] = {
        "sitename": call.formatted(world.sitename),
        "username": user.username,
        "firstname": user.firstname,
        "lastname": user.lastname,
        "fullname": user.fullname,
        "lang": "fr",
        "userid": user.id,
        "siteurl": world.url,
        "userpictureurl": f"{world.url}/theme/image.php/boost/core/{world.born}/u/f1",
        "functions": [{"name": n, "version": world.build} for n in sorted(call.service.functions)],
        "downloadfiles": mobile,
        "uploadfiles": mobile,
        "release": world.release,
        "version": world.build,
        "mobilecssurl": "",
        "advancedfeatures": [{"name": name, "value": value} for name, value in features.items()],
        "usercanmanageownfiles": True,
        "userquota": 104857600,
        "usermaxuploadfilesize": 67108864,
        "userhomepage": 1,
        "userprivateaccesskey": f"FAKEPRIVATEACCESSKEY{user.id:012}",
        "siteid": 1,
        "sitecalendartype": "gregorian",
        "usercalendartype": "gregorian",
        "userissiteadmin": False,
        "theme": "boost",
        "limitconcurrentlogins": 0,
    }
    return info if world.version == "4.3" else {**info, "policyagreed": 0}


def get_courses(call: Call) -> list[dict[str, Any]]:
    call.only("options")
    call.ms = costs.CALL
    options = call.params.get("options", {})
    ids = [integer(value) for value in listed(options.get("ids", {}))]
    courses = call.world.courses
    chosen = [courses[i] for i in sorted(set(ids)) if i in courses] if ids else list(courses.values())
    rows = [] if ids and SITE_COURSE_ID not in ids else [_site_course(call)]
    for course in chosen:
        # Neither the right to view nor a membership: Moodle refuses the whole call, not one course.
        if not call.can(cap.COURSE_VIEW, course):
            raise errors.no_permission(cap.COURSE_VIEW)
        call.require_access(course)
        rows.append(_basic(call, course))
    return rows


def _basic(call: Call, course: Course) -> dict[str, Any]:
    name = call.formatted(course.fullname)
    return {
        "id": course.id,
        "shortname": course.shortname,
        "categoryid": course.category_id,
        "fullname": name,
        "displayname": name,
        "summary": "",
        "summaryformat": 1,
        "format": "topics",
        "startdate": course.startdate,
        "enddate": course.enddate,
        "showactivitydates": True,
        "showcompletionconditions": True,
    }


def _site_course(call: Call) -> dict[str, Any]:
    name = call.formatted(call.world.sitename)
    return {
        "id": SITE_COURSE_ID,
        "shortname": call.world.name,
        "categoryid": 0,
        "fullname": name,
        "displayname": name,
        "summary": "",
        "summaryformat": 0,
        "format": "site",
        "startdate": 0,
        "enddate": 0,
        "numsections": 1,
        "showactivitydates": call.world.version != "4.3",
        "showcompletionconditions": None,
    }


def get_courses_by_field(call: Call) -> dict[str, Any]:
    call.only("field", "value")
    call.ms = costs.CALL
    field, value = call.text("field", ""), call.text("value", "")
    if field and field not in FIELDS:
        raise errors.invalid_parameter()
    rows = [
        _public(call, course) | (_details(course) if call.world.can_access(call.user, course) else {})
        for course in call.world.courses.values()
        if _matches(course, field, value) and _listed(call, course)
    ]
    return {"courses": rows, "warnings": []}


def _matches(course: Course, field: str, value: str) -> bool:
    if field == "id":
        return course.id == integer(value)
    if field == "ids":
        return course.id in {integer(part) for part in value.split(",")}
    if field == "category":
        return course.category_id == integer(value)
    return not field or course.shortname == value


def _listed(call: Call, course: Course) -> bool:
    return course.visible or call.can(cap.VIEW_HIDDEN_COURSES, course)


def _public(call: Call, course: Course) -> dict[str, Any]:
    world = call.world
    name = call.formatted(course.fullname)
    contacts = [world.users[i] for i in course.enrolments if world.is_contact(course, i)]
    return {
        "id": course.id,
        "fullname": name,
        "displayname": name,
        "shortname": course.shortname,
        "courseimage": f"{world.url}/pluginfile.php/{course.id + 9}/course/generated/course.svg",
        "categoryid": course.category_id,
        "categoryname": course.category_name,
        "sortorder": 10000 + course.id,
        "summary": "",
        "summaryformat": 1,
        "summaryfiles": [],
        "overviewfiles": [],
        "showactivitydates": True,
        "showcompletionconditions": True,
        "contacts": [{"id": user.id, "fullname": user.fullname} for user in contacts],
        "enrollmentmethods": ["manual"],
    }


def _details(course: Course) -> dict[str, Any]:
    return {
        "format": "topics",
        "showgrades": 1,
        "newsitems": 1,
        "startdate": course.startdate,
        "enddate": course.enddate,
        "maxbytes": 0,
        "showreports": 0,
        "visible": int(course.visible),
        "groupmode": course.groupmode,
        "groupmodeforce": 0,
        "defaultgroupingid": 0,
        "enablecompletion": 1,
        "completionnotify": 0,
        "lang": "",
        "theme": "",
        "marker": 0,
        "filters": [{"filter": name, "localstate": 0, "inheritedstate": 1} for name in FILTERS],
        "courseformatoptions": [
            {"name": "hiddensections", "value": 1},
            {"name": "coursedisplay", "value": 0},
        ],
    }


def search_courses(call: Call) -> dict[str, Any]:
    call.only("criterianame", "criteriavalue", "page", "perpage")
    call.ms = costs.CALL
    if call.text("criterianame") != "search":
        raise errors.invalid_parameter()
    wanted = call.text("criteriavalue").casefold()
    found = [
        _public(call, course)
        for course in call.world.courses.values()
        if wanted in f"{course.fullname} {course.shortname}".casefold() and _listed(call, course)
    ]
    page, per_page = call.integer("page", 0), call.integer("perpage", 0)
    shown = found[page * per_page : (page + 1) * per_page] if per_page else found
    return {"total": len(found), "courses": shown, "warnings": []}


def get_course_groups(call: Call) -> list[dict[str, Any]]:
    call.only("courseid")
    call.ms = costs.CALL
    course_id = call.integer("courseid")
    course = call.world.courses.get(course_id)
    if course is None:
        raise errors.course_context(course_id, "Invalid parameter value detected")
    call.require_access(course)
    call.require(cap.MANAGE_GROUPS, course)
    return [
        {
            "id": group.id,
            "courseid": course.id,
            "name": call.formatted(group.name),
            "description": "",
            "descriptionformat": 0,
            "enrolmentkey": None,
            "idnumber": group.idnumber,
            "visibility": 0,
            "participation": True,
        }
        for group in course.groups.values()
    ]


def get_group_members(call: Call) -> list[dict[str, Any]]:
    call.only("groupids")
    rows = []
    for group_id in map(integer, call.listed("groupids")):
        course = next((c for c in call.world.courses.values() if group_id in c.groups), None)
        if course is None:
            raise errors.no_record("groups")
        call.require_access(course)
        call.require(cap.MANAGE_GROUPS, course)
        rows.append({"groupid": group_id, "userids": sorted(course.groups[group_id].members)})
        call.people += len(course.groups[group_id].members)
    call.ms = costs.CALL + costs.GROUP_MEMBER * call.people
    return rows
