"""The people of a read as `apply` joins them: SQL, with enrolments as `e` and arrivals as `a`."""

ARRIVED = (
    "CREATE TEMP TABLE arrived AS"
    " SELECT p.id AS participant_id, s.moodle_id, s.group_ids, COALESCE(s.roles::varchar[], e.roles) AS roles,"
    " NOT COALESCE(s.roles::varchar[], e.roles) <@ %(trainee_roles)s::varchar[] AS is_staff,"
    " to_timestamp(s.last_course_access) AS course_access, to_timestamp(s.last_site_access) AS site_access,"
    " CASE WHEN %(knows_suspended)s THEN s.moodle_id = ANY(%(suspended)s) END AS suspended,"
    " p.suspended AS account_suspended"
    " FROM moodle_sync_stagedperson s"
    " JOIN moodle_sync_participant p ON p.site_id = %(site)s AND p.moodle_id = s.moodle_id"
    " LEFT JOIN moodle_sync_enrolment e ON e.course_id = %(course)s AND e.participant_id = p.id"
    " WHERE s.run_id = %(run)s AND (s.is_full OR e.id IS NOT NULL)"
)
"""The people of this read as enrolments need them, found once for the statements that follow.

Roles that were not asked for are those stored; somebody new of whom nothing else is known waits for the next read.
"""
MEMBERS = (
    "SELECT e.id AS enrolment_id, e.participant_id, g.id AS group_id"
    " FROM moodle_sync_stagedmember m"
    " JOIN arrived a ON a.moodle_id = m.moodle_id"
    " JOIN moodle_sync_group g ON g.course_id = %(course)s AND g.moodle_id = m.group_id"
    " JOIN moodle_sync_enrolment e ON e.course_id = %(course)s AND e.participant_id = a.participant_id"
    " WHERE m.run_id = %(run)s"
)
OWN_GROUPS = (
    "SELECT e.id AS enrolment_id, e.participant_id, g.id AS group_id"
    " FROM (SELECT participant_id, unnest(group_ids) AS group_id FROM arrived) a"
    " JOIN moodle_sync_group g ON g.course_id = %(course)s AND g.moodle_id = a.group_id"
    " JOIN moodle_sync_enrolment e ON e.course_id = %(course)s AND e.participant_id = a.participant_id"
)
STANDING = (
    "CASE WHEN a.is_staff THEN 'staff' WHEN {suspended} OR a.account_suspended THEN 'suspended' ELSE 'present' END"
)
SITE_ACCESS = "CASE WHEN a.site_access IS NOT NULL THEN GREATEST(a.site_access, e.last_site_access) END"
