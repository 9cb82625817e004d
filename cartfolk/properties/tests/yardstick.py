"""Names and types other tools have on a contact, by group: the yardstick of the catalogue."""

from __future__ import annotations

EXPECTED: dict[str, dict[str, str]] = {
    "customer_group": {
        "string": """
            customer_group customer_source_store
        """,
        "enumeration": """
            newsletter_subscription marketing_newsletter
        """,
        "number": """
            shopping_cart_customer_id
        """,
    },
    "shopping_cart_fields": {
        "string": """
            shipping_address_line_1 shipping_address_line_2 shipping_city shipping_state
            shipping_postal_code shipping_country billing_address_line_1 billing_address_line_2
            billing_city billing_state billing_postal_code billing_country
        """,
    },
    "last_products_bought": {
        "string": """
            last_product_bought last_product_types_bought last_products_bought
            last_products_bought_html product_types_bought products_bought
            last_products_bought_product_1_image_url last_products_bought_product_1_name
            last_products_bought_product_1_url last_products_bought_product_2_image_url
            last_products_bought_product_2_name last_products_bought_product_2_url
            last_products_bought_product_3_image_url last_products_bought_product_3_name
            last_products_bought_product_3_url
        """,
        "number": """
            last_total_number_of_products_bought total_number_of_products_bought
            last_products_bought_product_1_price last_products_bought_product_2_price
            last_products_bought_product_3_price
        """,
    },
    "order": {
        "enumeration": """
            last_order_status last_order_fulfillment_status
        """,
        "string": """
            last_order_tracking_number last_order_tracking_url last_order_order_number
            last_order_currency last_order_shipment_carrier
        """,
        "date": """
            last_order_shipment_date
        """,
        "number": """
            total_number_of_current_orders
        """,
    },
    "rfm_fields": {
        "number": """
            total_value_of_orders average_order_value total_number_of_orders first_order_value
            last_order_value average_days_between_orders
        """,
        "date": """
            first_order_date last_order_date account_creation_date
        """,
        "enumeration": """
            monetary_rating order_frequency_rating order_recency_rating
        """,
    },
    "categories_bought": {
        "string": """
            last_categories_bought categories_bought
        """,
    },
    "skus_bought": {
        "string": """
            last_skus_bought skus_bought
        """,
    },
    "subscriptions_details": {
        "number": """
            last_subscription_order_number last_subscription_parent_order_number
        """,
        "enumeration": """
            last_subscription_order_status last_subscription_billing_period
            last_subscription_billing_interval
        """,
        "date": """
            last_subscription_order_creation_date last_subscription_order_paid_date
            last_subscription_order_completed_date related_last_order_creation_date
            related_last_order_paid_date related_last_order_completed_date
            last_subscription_trial_end_date last_subscription_next_payment_date
        """,
        "string": """
            last_subscription_products
        """,
    },
    "roi_tracking": {
        "enumeration": """
            customer_new_order abandoned_cart_recovery_workflow_conversion current_roi_campaign
            customer_reengagement_workflow_conversion customer_rewards_workflow_conversion
            mql_capture_nurture_conversion_conversion new_customer_workflow_conversion
            second_purchase_workflow_conversion third_purchase_workflow_conversion
        """,
        "number": """
            abandoned_cart_recovery_workflow_conversion_amount
            customer_reengagement_workflow_conversion_amount
            customer_rewards_workflow_conversion_amount
            mql_capture_nurture_conversion_conversion_amount new_customer_workflow_conversion_amount
            second_purchase_workflow_conversion_amount third_purchase_workflow_conversion_amount
        """,
        "date": """
            abandoned_cart_recovery_workflow_conversion_date
            abandoned_cart_recovery_workflow_start_date
            customer_reengagement_workflow_conversion_date customer_reengagement_workflow_start_date
            customer_rewards_workflow_conversion_date customer_rewards_workflow_start_date
            mql_capture_nurture_conversion_conversion_date mql_capture_nurture_conversion_start_date
            new_customer_workflow_conversion_date new_customer_workflow_start_date
            second_purchase_workflow_conversion_date second_purchase_workflow_start_date
            third_purchase_workflow_conversion_date third_purchase_workflow_start_date
        """,
    },
    "abandoned_cart": {
        "enumeration": """
            current_abandoned_cart
        """,
        "date": """
            abandoned_cart_date
        """,
        "number": """
            abandoned_cart_counter abandoned_cart_tax_value abandoned_cart_subtotal
            abandoned_cart_total_value
        """,
        "string": """
            abandoned_cart_url abandoned_cart_products_skus abandoned_cart_products_categories
            abandoned_cart_products abandoned_cart_products_html
        """,
    },
    "contactinformation": {
        "string": """
            firstname lastname email phone mobilephone fax address city state zip country company
            jobtitle salutation website hs_email_domain hs_marketable_reason_id hs_object_source
            hs_object_source_id industry annualrevenue twitterhandle
        """,
        "enumeration": """
            hs_language hs_timezone lifecyclestage hs_additional_emails hs_all_contact_vids
            hs_merged_object_ids hs_calculated_merged_vids hs_calculated_form_submissions
            hs_marketable_status hs_marketable_reason_type hs_marketable_until_renewal
            hs_object_source_label hs_persona numemployees
        """,
        "datetime": """
            createdate lastmodifieddate hs_lifecyclestage_subscriber_date
            hs_lifecyclestage_lead_date hs_lifecyclestage_marketingqualifiedlead_date
            hs_lifecyclestage_salesqualifiedlead_date hs_lifecyclestage_opportunity_date
            hs_lifecyclestage_customer_date hs_lifecyclestage_evangelist_date
            hs_lifecyclestage_other_date
        """,
        "number": """
            hs_object_id hs_object_source_user_id hs_created_by_user_id hs_updated_by_user_id
            associatedcompanyid
        """,
        "bool": """
            hs_was_imported hs_is_contact
        """,
    },
    "contact_activity": {
        "datetime": """
            first_conversion_date notes_last_contacted notes_last_updated notes_next_activity_date
            hs_last_sales_activity_timestamp hs_sales_email_last_opened hs_sales_email_last_clicked
            hs_sales_email_last_replied
        """,
        "string": """
            first_conversion_event_name message
        """,
        "number": """
            num_contacted_notes num_notes
        """,
        "enumeration": """
            currentlyinworkflow
        """,
    },
    "conversioninformation": {
        "datetime": """
            recent_conversion_date
        """,
        "string": """
            recent_conversion_event_name ip_city ip_country ip_country_code ip_state ip_state_code
            ip_zipcode ip_latlon hs_ip_timezone
        """,
        "number": """
            num_conversion_events num_unique_conversion_events
        """,
    },
    "emailinformation": {
        "bool": """
            hs_email_optout hs_email_bad_address hs_email_quarantined hs_email_is_ineligible
        """,
        "number": """
            hs_email_delivered hs_email_open hs_email_click hs_email_bounce hs_email_replied
            hs_email_sends_since_last_engagement
        """,
        "string": """
            hs_email_last_email_name hs_email_hard_bounce_reason
        """,
        "datetime": """
            hs_email_first_send_date hs_email_last_send_date hs_email_first_open_date
            hs_email_last_open_date hs_email_first_click_date hs_email_last_click_date
            hs_email_first_reply_date hs_email_last_reply_date
        """,
        "enumeration": """
            hs_email_quarantined_reason hs_email_hard_bounce_reason_enum hs_emailconfirmationstatus
            hs_legal_basis
        """,
    },
    "socialmediainformation": {
        "datetime": """
            hs_social_last_engagement
        """,
        "number": """
            hs_social_twitter_clicks hs_social_facebook_clicks hs_social_linkedin_clicks
            hs_social_google_plus_clicks hs_social_num_broadcast_clicks followercount
            kloutscoregeneral linkedinconnections
        """,
        "string": """
            linkedinbio twitterbio twitterprofilephoto hs_facebookid hs_twitterid hs_linkedinid
            hs_googleplusid photo
        """,
    },
    "analyticsinformation": {
        "enumeration": """
            hs_analytics_source hs_latest_source
        """,
        "string": """
            hs_analytics_source_data_1 hs_analytics_source_data_2 hs_latest_source_data_1
            hs_latest_source_data_2 hs_analytics_first_url hs_analytics_last_url
            hs_analytics_first_referrer hs_analytics_last_referrer
            hs_analytics_first_touch_converting_campaign hs_analytics_last_touch_converting_campaign
        """,
        "datetime": """
            hs_latest_source_timestamp hs_analytics_first_timestamp hs_analytics_last_timestamp
            hs_analytics_first_visit_timestamp hs_analytics_last_visit_timestamp
        """,
        "number": """
            hs_analytics_num_page_views hs_analytics_num_visits hs_analytics_num_event_completions
            hs_analytics_average_page_views hs_analytics_revenue
        """,
    },
    "sales_properties": {
        "enumeration": """
            hubspot_owner_id hubspot_team_id hs_lead_status
        """,
        "datetime": """
            hubspot_owner_assigneddate
        """,
        "number": """
            hubspotscore
        """,
    },
    "deal_information": {
        "number": """
            days_to_close num_associated_deals recent_deal_amount total_revenue
        """,
        "datetime": """
            first_deal_created_date recent_deal_close_date closedate
        """,
    },
}
"""Group -> type -> names."""
