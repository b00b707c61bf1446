"""How a sync takes over what files brought: the statements that `apply` runs. Never two accounts for one person."""

BY_FILE = (
    "SELECT EXISTS (SELECT FROM moodle_sync_participant WHERE site_id = %(site)s AND moodle_id IS NULL)"
    " OR EXISTS (SELECT FROM moodle_sync_group WHERE course_id = %(course)s AND moodle_id IS NULL)"
)
"""Nothing to take over on most sites: then the rest is not even asked."""
UNKNOWN_HERE = (
    " AND NOT EXISTS (SELECT FROM moodle_sync_participant k WHERE k.site_id = %(site)s AND k.moodle_id = s.moodle_id)"
)
ADOPTIONS = (
    "UPDATE moodle_sync_participant p SET moodle_id = s.moodle_id FROM ("
    " SELECT lower(s.email) AS email, min(s.moodle_id) AS moodle_id FROM moodle_sync_stagedperson s"
    f" WHERE s.run_id = %(run)s AND s.email <> ''{UNKNOWN_HERE} GROUP BY 1) s"
    " WHERE p.site_id = %(site)s AND p.moodle_id IS NULL AND p.email <> '' AND lower(p.email) = s.email",
    # A person of this course's file without e-mail: only where the name is one person's on both sides.
    "UPDATE moodle_sync_participant p SET moodle_id = s.moodle_id FROM ("
    " SELECT s.sort_key, min(s.moodle_id) AS moodle_id, bool_or(k.id IS NOT NULL) AS known"
    " FROM moodle_sync_stagedperson s"
    " LEFT JOIN moodle_sync_participant k ON k.site_id = %(site)s AND k.moodle_id = s.moodle_id"
    " WHERE s.run_id = %(run)s AND s.full_name <> ''"
    # A refresh has no sort keys of those it knows: namesakes could not be told.
    " AND NOT EXISTS (SELECT FROM moodle_sync_stagedperson x WHERE x.run_id = %(run)s AND NOT x.is_full)"
    " GROUP BY 1 HAVING count(*) = 1) s, ("
    " SELECT o.sort_key, min(o.id) AS id FROM moodle_sync_participant o"
    " JOIN moodle_sync_enrolment e ON e.participant_id = o.id AND e.course_id = %(course)s"
    " WHERE o.moodle_id IS NULL AND o.email = '' GROUP BY 1 HAVING count(*) = 1) f"
    " WHERE p.id = f.id AND f.sort_key = s.sort_key AND NOT s.known",
    "UPDATE moodle_sync_group g SET moodle_id = n.moodle_id FROM ("
    " SELECT name, min(moodle_id) AS moodle_id FROM unnest(%(group_ids)s::bigint[], %(group_names)s::text[])"
    "  AS u (moodle_id, name) GROUP BY 1 HAVING count(*) = 1) n"
    " WHERE g.course_id = %(course)s AND g.moodle_id IS NULL AND g.name = n.name AND NOT EXISTS ("
    "  SELECT FROM moodle_sync_group k WHERE k.course_id = %(course)s AND k.moodle_id = n.moodle_id)",
)

GATHER = (
    "UPDATE moodle_sync_enrolment e SET participant_id = k.id"
    " FROM moodle_sync_participant p JOIN moodle_sync_participant k"
    "  ON k.site_id = p.site_id AND k.moodle_id IS NOT NULL AND lower(k.email) = lower(p.email)"
    " WHERE p.site_id = %(site)s AND p.moodle_id IS NULL AND p.email <> '' AND e.participant_id = p.id"
    " AND NOT EXISTS (SELECT FROM moodle_sync_enrolment o WHERE o.participant_id = k.id AND o.course_id = e.course_id)"
)
"""An account of Moodle's whose e-mail is learnt only now: what a file told of that e-mail is its own."""
