<?php
/**
 * One signed request for all that happened in a page, after the page is out. What does not arrive is kept in
 * var/cartfolk and sent again by cron, with the same id: Cartfolk takes a message once.
 */
class Cartfolk_Hub_Model_Sender
{
    const LONGEST = 3;        // seconds a request may take
    const OLDEST = 604800;    // seconds a message is kept
    const MOST = 5000;        // messages kept

    /** Store view's id => envelopes by their id: a later version of one page replaces the earlier. */
    private $waiting = array();

    public function isSetUp($storeId)
    {
        return $this->config($storeId, 'address') && $this->config($storeId, 'store')
            && null !== Cartfolk_Hub_Model_Signature::key($this->secret($storeId));
    }

    public function add($storeId, array $envelope)
    {
        if (!$this->waiting) {
            register_shutdown_function(array($this, 'flush'));
        }
        unset($this->waiting[$storeId][$envelope['id']]);
        $this->waiting[$storeId][$envelope['id']] = $envelope;
    }

    public function flush()
    {
        if (function_exists('fastcgi_finish_request')) {
            fastcgi_finish_request(); // the shopper has his page
        }
        $waiting = $this->waiting;
        $this->waiting = array();
        foreach ($waiting as $storeId => $envelopes) {
            foreach (array_chunk(array_values($envelopes), 500) as $some) {
                $id = 'msg_' . bin2hex(openssl_random_pseudo_bytes(16));
                $some = Cartfolk_Hub_Model_Envelope::sited($some, Mage::getStoreConfig('web/unsecure/base_url', 0));
                $body = json_encode($some, JSON_PARTIAL_OUTPUT_ON_ERROR);
                if (false !== $body && !$this->post($storeId, $id, $body)) {
                    $this->keep($storeId, $id, $body);
                }
            }
        }
    }

    /** By cron: what did not arrive, oldest first, until one fails again. */
    public function resend()
    {
        $files = glob($this->folder() . DS . 'msg_*.json');
        foreach ($files ? $files : array() as $file) {
            $kept = json_decode((string) file_get_contents($file), true);
            $old = filemtime($file) < time() - self::OLDEST;
            if ($old || !is_array($kept) || !$this->isSetUp($kept['store']) || $this->post($kept['store'], $kept['id'], $kept['body'])) {
                unlink($file);
            } else {
                break;
            }
        }
    }

    /** The link a mail about this cart leads back by. */
    public function restoreUrl($quote)
    {
        $token = Cartfolk_Hub_Model_Signature::link($this->secret($quote->getStoreId()), $quote->getId());
        return Mage::getUrl('cartfolk/cart/restore', array(
            '_store' => $quote->getStoreId(), '_nosid' => true, '_query' => array('cart' => $quote->getId(), 'key' => $token),
        ));
    }

    public function secret($storeId)
    {
        return trim((string) Mage::helper('core')->decrypt($this->config($storeId, 'secret')));
    }

    /** Whether it need not be sent again: it arrived, or was refused and would be refused again. */
    private function post($storeId, $id, $body)
    {
        $address = rtrim($this->config($storeId, 'address'), '/') . '/ingest/v1/' . rawurlencode($this->config($storeId, 'store'));
        $headers = array('content-type: application/json');
        foreach (Cartfolk_Hub_Model_Signature::headers($this->secret($storeId), $id, time(), $body) as $name => $value) {
            $headers[] = $name . ': ' . $value;
        }
        $http = array('method' => 'POST', 'header' => $headers, 'content' => $body, 'timeout' => self::LONGEST,
            'ignore_errors' => true, 'follow_location' => 0);
        $answer = @fopen($address, 'r', false, stream_context_create(array('http' => $http)));
        $status = 0; // nobody there
        if ($answer) {
            $told = stream_get_meta_data($answer);
            fclose($answer);
            if (preg_match('/^HTTP\/\S+ (\d{3})/', isset($told['wrapper_data'][0]) ? $told['wrapper_data'][0] : '', $found)) {
                $status = (int) $found[1];
            }
        }
        if ($status >= 400 && $status < 500 && 429 !== $status) {
            Mage::log('Cartfolk refuses a message (' . $status . '): check address, store key and ingest secret.', null, 'cartfolk.log');
        }
        return ($status >= 200 && $status < 300) || 400 === $status || 413 === $status;
    }

    private function keep($storeId, $id, $body)
    {
        $files = glob($this->folder() . DS . 'msg_*.json');
        if (count($files ? $files : array()) < self::MOST) {
            file_put_contents($this->folder() . DS . $id . '.json', json_encode(array('store' => $storeId, 'id' => $id, 'body' => $body)));
        }
    }

    private function folder()
    {
        $folder = Mage::getBaseDir('var') . DS . 'cartfolk';
        if (!is_dir($folder)) {
            mkdir($folder, 0700, true);
        }
        return $folder;
    }

    private function config($storeId, $name)
    {
        return trim((string) Mage::getStoreConfig('cartfolk/hub/' . $name, $storeId));
    }
}
